/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O0 cflags=-fno-builtin cflags=-U_FORTIFY_SOURCE */
/*
 * Every call that writes bytes to a FILE, by each of its names, to a pipe that
 * is full until another thread reads it; then to nobody, to a full disk, to a
 * file that is open for reading. Not optimised, so that no name becomes another.
 */
#include <stdio_ext.h>

#include "t.h"

extern int _IO_putc(int, FILE *);
extern int _IO_fputs(const char *, FILE *);
extern int _IO_puts(const char *);
extern size_t _IO_fwrite(const void *, size_t, size_t, FILE *);
extern int _IO_fflush(FILE *);
extern int _IO_fprintf(FILE *, const char *, ...);
extern int _IO_printf(const char *, ...);
extern int _IO_vfprintf(FILE *, const char *, va_list);
extern int __overflow(FILE *, int);

static FILE *f;
static int p[2], out;

static int
v_f(int (*fn)(FILE *, const char *, va_list), FILE *to, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = fn(to, fmt, ap);
	va_end(ap);
	return rc;
}

static int
v_out(const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vprintf(fmt, ap);
	va_end(ap);
	return rc;
}

static int
v_fd(int fd, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vdprintf(fd, fmt, ap);
	va_end(ap);
	return rc;
}

static int
perrors(void)
{
	int err = dup(2);

	dup2(fileno(f), 2);
	errno = ENOENT;
	perror("says");
	dup2(err, 2);
	close(err);
	return 0;
}

#define LIST \
	X(0, putc('a', f)) \
	X(0, fputc('b', f)) \
	X(0, _IO_putc('c', f)) \
	X(0, putc_unlocked('d', f)) \
	X(0, fputc_unlocked('e', f)) \
	X(0, __overflow(f, 'g')) \
	X(0, putw(0x64636261, f)) \
	X(0, fputs("fputs\n", f)) \
	X(0, _IO_fputs("fputs\n", f)) \
	X(0, fputs_unlocked("fputs\n", f)) \
	X(0, fwrite("fwrite", 2, 3, f)) \
	X(0, _IO_fwrite("fwrite", 2, 3, f)) \
	X(0, fwrite_unlocked("fwrite", 2, 3, f)) \
	X(0, fputs("x", f) == EOF ? EOF : fflush(f)) \
	X(0, fputs("x", f) == EOF ? EOF : _IO_fflush(f)) \
	X(0, fputs("x", f) == EOF ? EOF : fflush_unlocked(f)) \
	X(0, fprintf(f, "%d %s\n", 12, "words")) \
	X(0, _IO_fprintf(f, "%d %s\n", 12, "words")) \
	X(0, v_f(vfprintf, f, "%d %s\n", 12, "words")) \
	X(0, v_f(_IO_vfprintf, f, "%d %s\n", 12, "words")) \
	X(0, dprintf(fileno(f), "%d %s\n", 12, "words")) \
	X(0, v_fd(fileno(f), "%d %s\n", 12, "words")) \
	X(0, perrors()) \
	X(1, putchar('p')) \
	X(1, putchar_unlocked('q')) \
	X(1, puts("puts")) \
	X(1, _IO_puts("puts")) \
	X(1, printf("%d %s\n", 12, "words")) \
	X(1, _IO_printf("%d %s\n", 12, "words")) \
	X(1, v_out("%d %s\n", 12, "words"))

#include "_stdio_out.h"
