/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O0 cflags=-fno-builtin cflags=-U_FORTIFY_SOURCE */
/*
 * Every call that reads bytes from a FILE, by each of its names, on a pipe that
 * is fed in pieces by another thread; then on what has ended, is not open for
 * reading, or is a directory. Not optimised, so that no name becomes another.
 */
#include "t.h"

extern int _IO_getc(FILE *);
extern int __underflow(FILE *);
extern char *_IO_fgets(char *, int, FILE *);
extern size_t _IO_fread(void *, size_t, size_t, FILE *);
extern char *_IO_gets(char *);
extern char *gets(char *);
extern ssize_t __getdelim(char **, size_t *, int, FILE *);
extern int __vfscanf(FILE *, const char *, va_list);
extern void _IO_flockfile(FILE *);
/* What programs call that are not compiled for C99. */
extern int old_scanf(const char *, ...) __asm__("scanf");
extern int old_fscanf(FILE *, const char *, ...) __asm__("fscanf");
extern int old_vscanf(const char *, va_list) __asm__("vscanf");
extern int old_vfscanf(FILE *, const char *, va_list) __asm__("vfscanf");
/* And what those call that are. */
extern int c99_scanf(const char *, ...) __asm__("__isoc99_scanf");
extern int c99_fscanf(FILE *, const char *, ...) __asm__("__isoc99_fscanf");
extern int c99_vscanf(const char *, va_list) __asm__("__isoc99_vscanf");
extern int c99_vfscanf(FILE *, const char *, va_list) __asm__(
    "__isoc99_vfscanf");
#if __GLIBC_PREREQ(2, 38)
extern int c23_scanf(const char *, ...) __asm__("__isoc23_scanf");
extern int c23_fscanf(FILE *, const char *, ...) __asm__("__isoc23_fscanf");
extern int c23_vscanf(const char *, va_list) __asm__("__isoc23_vscanf");
extern int c23_vfscanf(FILE *, const char *, va_list) __asm__(
    "__isoc23_vfscanf");
#endif

static FILE *f;
static char b[256];
static char *line;
static size_t size;
static int p[2], n;

static int
v_in(int (*fn)(const char *, va_list), const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = fn(fmt, ap);
	va_end(ap);
	return rc;
}

static int
v_f(int (*fn)(FILE *, const char *, va_list), const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = fn(f, fmt, ap);
	va_end(ap);
	return rc;
}

static long
got(char *s)
{
	return s ? (long)strlen(s) : -1;
}

static long
locked(void)
{
	int c;

	_IO_flockfile(f);
	c = getc_unlocked(f);
	funlockfile(f);
	return c;
}

static long
took(ssize_t len)
{
	if (len >= 0)
		memcpy(b, line, len + 1);
	return len;
}

#define LIST \
	X(0, getc(f)) \
	X(0, fgetc(f)) \
	X(0, _IO_getc(f)) \
	X(0, getc_unlocked(f)) \
	X(0, fgetc_unlocked(f)) \
	X(0, __underflow(f)) \
	X(0, __uflow(f)) \
	X(0, locked()) \
	X(0, getw(f)) \
	X(0, fread(b, 3, 4, f)) \
	X(0, fread_unlocked(b, 3, 4, f)) \
	X(0, _IO_fread(b, 3, 4, f)) \
	X(0, fread(b, 1, 200, f)) \
	X(0, got(fgets(b, 20, f))) \
	X(0, got(fgets_unlocked(b, 20, f))) \
	X(0, got(_IO_fgets(b, 20, f))) \
	X(0, took(getline(&line, &size, f))) \
	X(0, took(getdelim(&line, &size, 'e', f))) \
	X(0, took(__getdelim(&line, &size, 'e', f))) \
	X(0, old_fscanf(f, "%d %s", &n, b)) \
	X(0, v_f(old_vfscanf, "%d %s", &n, b)) \
	X(0, v_f(__vfscanf, "%d %s", &n, b)) \
	X(0, c99_fscanf(f, "%d %s", &n, b)) \
	X(0, v_f(c99_vfscanf, "%d %s", &n, b)) \
	X(1, getchar()) \
	X(1, getchar_unlocked()) \
	X(1, got(gets(b))) \
	X(1, got(_IO_gets(b))) \
	X(1, old_scanf("%d %s", &n, b)) \
	X(1, v_in(old_vscanf, "%d %s", &n, b)) \
	X(1, c99_scanf("%d %s", &n, b)) \
	X(1, v_in(c99_vscanf, "%d %s", &n, b)) \
	NEWER

#if __GLIBC_PREREQ(2, 38)
#define NEWER \
	X(0, c23_fscanf(f, "%d %s", &n, b)) \
	X(0, v_f(c23_vfscanf, "%d %s", &n, b)) \
	X(1, c23_scanf("%d %s", &n, b)) \
	X(1, v_in(c23_vscanf, "%d %s", &n, b))
#else
#define NEWER
#endif

/* What the call left behind it. */
static void
rest(void)
{
	char r[64];
	size_t k = fread(r, 1, sizeof(r), f);

	for (size_t i = 0; i < k; i++)
		if (r[i] == '\n')
			r[i] = '|';
	say("   left \"%.*s\" eof %d error %d", (int)k, r, feof(f) != 0,
	    ferror(f) != 0);
}

#include "_stdio_in.h"
