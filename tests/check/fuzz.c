/* SPDX-License-Identifier: MIT */
/*
 * fuzz SECONDS SEED FILE...: reads damaged copies of ELF files, as mixio check
 * does.  To be built with the sanitizers, which end it at the first fault.
 * Prints the seed and, at the end, how many copies could still be read: both
 * kinds must occur, or the damage is of no use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static unsigned long long state;

static unsigned long long
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned long long
value(size_t size)
{
	static const unsigned long long some[] = {
		0,
		1,
		7,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffffffffffffffff,
		0xfffffffffffffff8,
		0x1000,
		1 << 20,
	};

	switch (next() % 4) {
	case 0:
		return some[next() % (sizeof(some) / sizeof(some[0]))];
	case 1:
		return size - 8 + next() % 17;
	case 2:
		return next() % size;
	default:
		return next();
	}
}

/* Where damage counts: headers, the dynamic section, symbols, else anywhere. */
static size_t
place(const unsigned char *p, size_t size)
{
	const Elf64_Ehdr *eh = (const void *)p;
	const Elf64_Phdr *ph = (const void *)(p + eh->e_phoff);
	size_t i;

	switch (next() % 6) {
	case 0:
		return next() % sizeof(*eh);
	case 1:
		return eh->e_phoff + next() % (eh->e_phnum * sizeof(*ph));
	case 2:
	case 3:
		for (i = 0; i < eh->e_phnum; i++)
			if (ph[i].p_type == PT_DYNAMIC)
				return ph[i].p_offset +
				       next() % ph[i].p_filesz / 8 * 8;
		/* fallthrough */
	case 4:
		return next() % (size < 8192 ? size : 8192);
	default:
		return next() % size;
	}
}

int
main(int argc, char **argv)
{
	time_t end = time(NULL) + atoi(argv[1]);
	unsigned long good = 0, bad = 0, sum = 0;
	int which = 3, i;

	state = strtoull(argv[2], NULL, 10);
	printf("seed %llu\n", state);
	fflush(stdout);
	state = state * 2 + 1;
	while (time(NULL) < end) {
		static unsigned char orig[1 << 22], copy[1 << 22];
		FILE *f = fopen(argv[which], "rb");
		size_t size = f ? fread(orig, 1, sizeof(orig), f) : 0, k;
		int round;

		if (f)
			fclose(f);
		if (size < sizeof(Elf64_Ehdr) || size == sizeof(orig)) {
			fprintf(stderr, "%s: no seed\n", argv[which]);
			return 1;
		}
		if (++which == argc)
			which = 3;
		for (round = 0; round < 50; round++) {
			int fd = memfd_create("fuzz", 0);
			struct mx_scan scan = { 0 };
			struct mx_elf e;
			size_t n = size;

			memcpy(copy, orig, size);
			for (i = (int)(next() % 4); i >= 0; i--) {
				unsigned long long v = value(size);
				size_t at = place(orig, size);
				size_t w = (size_t)1 << next() % 4;

				if (at <= size - w)
					memcpy(copy + at, &v, w);
			}
			if (next() % 16 == 0)
				n = next() % size;
			if (fd < 0 || write(fd, copy, n) != (ssize_t)n) {
				perror("memfd");
				return 1;
			}
			if (mx_elf_load(&e, fd, 1)) {
				bad++;
				if (!e.trouble || !*e.trouble) {
					fprintf(stderr, "no reason given\n");
					return 1;
				}
			} else {
				good++;
			}
			for (k = 0; k < e.nneeded && !e.trouble; k++)
				sum += strlen(e.needed[k]);
			for (k = 0; k < e.nimports; k++)
				sum += strlen(e.imports[k]);
			for (k = 0; k < e.ndefines; k++)
				sum += strlen(e.defines[k]);
			sum += e.soname ? strlen(e.soname) : 0;
			sum += e.rpath ? strlen(e.rpath) : 0;
			sum += e.runpath ? strlen(e.runpath) : 0;
			if (!e.trouble)
				mx_scan_elf(&e, &scan);
			/* The code itself may be anything, too. */
			k = next() % n;
			mx_scan_x86_64(copy + k, n - k, &scan);
			mx_scan_aarch64(copy + k, n - k, &scan);
			mx_elf_free(&e);
			close(fd);
		}
	}
	printf("%lu could be read, %lu not; %lu\n", good, bad, sum);
	return good == 0 || bad == 0;
}
