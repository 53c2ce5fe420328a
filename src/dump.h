/* SPDX-License-Identifier: MIT */
/*
 * What dump.c, symbols.c, unwind.c and pystack.c share. All but the calls that
 * start a dump run in a process of its own, a copy of the program's memory as
 * it was at one moment: they have it for themselves, take no lock, use no heap,
 * and may read what turns out not to be there (dump.c catches the fault).
 */
#ifndef MX_DUMP_H
#define MX_DUMP_H

#include "mx.h"

#include <elf.h>

/* Registers of one frame, by DWARF's numbers. */
struct mx_regs {
	uintptr_t r[MX_ARCH_REGS];
	uint64_t known;		/* bit i: r[i] is what it was there */
};

#define MX_REGS_ALL (~0ull)

/* ---- dump: output ---- */

void mx_dump_put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mx_dump_text(const char *s, size_t len);
void mx_dump_flush(void);
int mx_dump_fd(void);
/* The gt whose pthread_self() this is, by its place in the dump; -1: none. */
long mx_dump_thread(uintptr_t pthread_self);

/* ---- symbols: what is loaded, and the names in it ---- */

struct mx_module {
	uintptr_t base;		/* to add to an address in the file */
	uintptr_t low, high;	/* addresses */
	const Elf64_Phdr *ph;
	unsigned nph;
	const char *path;	/* of the file */
	const unsigned char *eh; /* .eh_frame_hdr, or NULL */
	const Elf64_Sym *dynsym;
	const char *dynstr;
	const uint32_t *gnu_hash;
	/* Of the file, once it was looked for. */
	bool looked;
	const Elf64_Sym *syms;
	size_t nsyms;
	const char *strs;
	size_t strs_len;
};

void mx_symbols_init(void);
struct mx_module *mx_symbols_module(uintptr_t pc);
const char *mx_symbols_name(struct mx_module *m, uintptr_t pc,
    uintptr_t *ret_start);
void *mx_symbols_exported(const char *name);
void *mx_symbols_find(const char *exported_beside, const char *name);

/* ---- unwind ---- */

bool mx_unwind_step(struct mx_regs *regs, bool *interrupted);

/* ---- pystack: Python's frames ---- */

void mx_pystack_init(void (*found)(long place, uintptr_t tstate));
void mx_pystack_put(uintptr_t tstate);

#endif
