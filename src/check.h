/* SPDX-License-Identifier: MIT */
/*
 * The launcher's parts.  They share nothing with the runtime.
 *
 *	mixio.c		the command line, `mixio run`
 *	check.c		`mixio check`: which objects, what they import, report
 *	check_elf.c	an ELF file, which may be damaged or hostile
 *	check_libs.c	where the loader finds a library
 *	check_scan.c	instructions that make system calls
 */
#ifndef MX_CHECK_H
#define MX_CHECK_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#if defined __x86_64__
enum { MX_MACHINE = EM_X86_64 };
#define MX_MACHINE_NAME "x86_64"
#define MX_MULTIARCH "x86_64-linux-gnu"
#elif defined __aarch64__
enum { MX_MACHINE = EM_AARCH64 };
#define MX_MACHINE_NAME "aarch64"
#define MX_MULTIARCH "aarch64-linux-gnu"
#else
#error "no support for this processor: add it here and in arch/"
#endif

enum {
	MX_EXIT_USAGE = 2, /* bad option, or a program that cannot be run so */
	MX_EXIT_NOT_EXEC = 126, /* as env(1): found, but cannot be executed */
	MX_EXIT_NOT_FOUND = 127
};

/* ---- mixio.c: finding programs ---- */

struct mx_command {
	char *path; /* to execute */
	char **argv; /* as PROGRAM shall see it */
};

enum { MX_WHY_SIZE = 8192 }; /* room for a path and a sentence */

void mx_die(int status, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void mx_usage_error(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void *mx_must(void *p);
char *mx_join(const char *a, const char *b, const char *c);
char *mx_find_program(const char *name);

/*
 * Follows #! lines, changing cmd for "env NAME", to the file that the loader
 * will see.  Returns it open, with its path and state, or -1 when it cannot be
 * read; ret_elf says whether it is an ELF file.  Ends the process with a line
 * when a script has no interpreter that can be executed.
 */
int mx_follow_scripts(struct mx_command *cmd, char **ret_path,
		      struct stat *ret_st, int *ret_elf);

/* 0, or an exit status and why nothing can be preloaded into the file. */
int mx_why_not_elf(const char *path, int fd, char why[MX_WHY_SIZE]);
int mx_why_not_privileged(const char *path, const struct stat *st,
			  char why[MX_WHY_SIZE]);

/* ---- check.c ---- */

int mx_check_main(int argc, char **argv);

/* How a call is handled; the last three come from uncovered.tbl. */
enum mx_check_how {
	MX_CHECK_PARK,
	MX_CHECK_HOP,
	MX_CHECK_OURS,
	MX_CHECK_PASS,
	MX_CHECK_WAIT,
	MX_CHECK_BREAK,
	MX_CHECK_NHOW
};

struct mx_check_call {
	const char *name;
	enum mx_check_how how;
	const char *note; /* or "" */
};

struct mx_check_number {
	long number; /* of a system call */
	enum mx_check_how how;
	const char *name;
};

/* Made from the tables by gen.awk; calls are sorted by name. */
extern const struct mx_check_call mx_check_calls[];
extern const size_t mx_check_ncalls;
extern const struct mx_check_number mx_check_numbers[];
extern const size_t mx_check_nnumbers;

/* ---- check_elf.c ---- */

struct mx_elf_code {
	uint64_t off, len; /* in the file */
};

/* What of an ELF file matters here.  All strings are in strtab. */
struct mx_elf {
	int fd; /* the caller's */
	uint64_t size; /* of the file */
	const char *trouble; /* why it could not be loaded, or NULL */
	int go; /* made by Go: it bypasses libc by design */
	int library; /* no program: no loader is named, no PIE */
	int nodeflib; /* DF_1_NODEFLIB */
	const char *soname; /* or NULL, likewise the next two */
	const char *rpath; /* NULL, too, where there is a runpath */
	const char *runpath;
	const char **needed; /* DT_NEEDED */
	size_t nneeded;
	const char **imports; /* undefined symbols that something refers to */
	size_t nimports;
	const char **defines; /* what others see, if it was asked for */
	size_t ndefines;
	struct mx_elf_code *code; /* where instructions are */
	size_t ncode;

	/* Owned; for mx_elf_free. */
	Elf64_Phdr *ph;
	size_t nph;
	char *strtab;
	uint64_t strsz;
};

/* 1 when fd is an ELF file of this processor, else 0. */
int mx_elf_ours(int fd);
/* 0, or -1 and e->trouble.  Any file may be given.  Free it in both cases. */
int mx_elf_load(struct mx_elf *e, int fd, int want_defines);
void mx_elf_free(struct mx_elf *e);
/* 0, or -1 when the file has not all of it. */
int mx_elf_read(const struct mx_elf *e, void *buf, uint64_t len, uint64_t off);

/* ---- check_libs.c ---- */

/* An object that needs others; the program has no loader. */
struct mx_libs_user {
	const struct mx_libs_user *loader;
	const char *origin; /* its folder */
	const char *rpath, *runpath;
	int nodeflib;
};

/* The path that the loader would take, or NULL.  The caller frees it. */
char *mx_libs_find(const char *name, const struct mx_libs_user *user);

/* ---- check_scan.c ---- */

enum {
	MX_SCAN_NUMBERS = 512, /* system calls that are counted apart */
	MX_SCAN_UNKNOWN = MX_SCAN_NUMBERS
};

struct mx_scan {
	unsigned int places;
	unsigned int of[MX_SCAN_NUMBERS + 1]; /* by number; last: unknown */
};

/* Adds the places in n bytes of code. */
void mx_scan_x86_64(const unsigned char *p, size_t n, struct mx_scan *ret);
void mx_scan_aarch64(const unsigned char *p, size_t n, struct mx_scan *ret);
/* Adds those of all code in the file; 0, or -1: it could not be read. */
int mx_scan_elf(const struct mx_elf *e, struct mx_scan *ret);

#endif
