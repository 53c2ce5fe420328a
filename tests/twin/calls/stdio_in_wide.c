/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O0 cflags=-fno-builtin cflags=-U_FORTIFY_SOURCE */
/* The calls that read wide characters, as stdio_in.c does it. */
#include <wchar.h>

#include "t.h"

extern wint_t __wuflow(FILE *);
extern wint_t __wunderflow(FILE *);
/* What programs call that are not compiled for C99, */
extern int old_wscanf(const wchar_t *, ...) __asm__("wscanf");
extern int old_fwscanf(FILE *, const wchar_t *, ...) __asm__("fwscanf");
extern int old_vwscanf(const wchar_t *, va_list) __asm__("vwscanf");
extern int old_vfwscanf(FILE *, const wchar_t *, va_list) __asm__("vfwscanf");
/* and what those call that are. */
extern int c99_wscanf(const wchar_t *, ...) __asm__("__isoc99_wscanf");
extern int c99_fwscanf(FILE *, const wchar_t *, ...) __asm__(
    "__isoc99_fwscanf");
extern int c99_vwscanf(const wchar_t *, va_list) __asm__("__isoc99_vwscanf");
extern int c99_vfwscanf(FILE *, const wchar_t *, va_list) __asm__(
    "__isoc99_vfwscanf");
#if __GLIBC_PREREQ(2, 38)
extern int c23_wscanf(const wchar_t *, ...) __asm__("__isoc23_wscanf");
extern int c23_fwscanf(FILE *, const wchar_t *, ...) __asm__(
    "__isoc23_fwscanf");
extern int c23_vwscanf(const wchar_t *, va_list) __asm__("__isoc23_vwscanf");
extern int c23_vfwscanf(FILE *, const wchar_t *, va_list) __asm__(
    "__isoc23_vfwscanf");
#endif

static FILE *f;
static char b[256];
static wchar_t w[64];
static int p[2], n;

static int
v_in(int (*fn)(const wchar_t *, va_list), const wchar_t *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = fn(fmt, ap);
	va_end(ap);
	return rc;
}

static int
v_f(int (*fn)(FILE *, const wchar_t *, va_list), const wchar_t *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = fn(f, fmt, ap);
	va_end(ap);
	return rc;
}

static long
got(wchar_t *s)
{
	if (!s)
		return -1;
	wcstombs(b, s, sizeof(b) - 1);
	return (long)wcslen(s);
}

static long
oriented(wint_t (*fn)(FILE *))
{
	fwide(f, 1);
	return (long)fn(f);
}

#define FMT L"%d %s", &n, b
#define LIST \
	X(0, fgetwc(f)) \
	X(0, getwc(f)) \
	X(0, fgetwc_unlocked(f)) \
	X(0, getwc_unlocked(f)) \
	X(0, oriented(__wunderflow)) \
	X(0, oriented(__wuflow)) \
	X(0, got(fgetws(w, 20, f))) \
	X(0, got(fgetws_unlocked(w, 20, f))) \
	X(0, old_fwscanf(f, FMT)) \
	X(0, v_f(old_vfwscanf, FMT)) \
	X(0, c99_fwscanf(f, FMT)) \
	X(0, v_f(c99_vfwscanf, FMT)) \
	X(1, getwchar()) \
	X(1, getwchar_unlocked()) \
	X(1, old_wscanf(FMT)) \
	X(1, v_in(old_vwscanf, FMT)) \
	X(1, c99_wscanf(FMT)) \
	X(1, v_in(c99_vwscanf, FMT)) \
	NEWER

#if __GLIBC_PREREQ(2, 38)
#define NEWER \
	X(0, c23_fwscanf(f, FMT)) \
	X(0, v_f(c23_vfwscanf, FMT)) \
	X(1, c23_wscanf(FMT)) \
	X(1, v_in(c23_vwscanf, FMT))
#else
#define NEWER
#endif

/* What the call left behind it. */
static void
rest(void)
{
	wchar_t r[64];
	size_t k = 0;
	wint_t c;

	while (k < 63 && (c = fgetwc(f)) != WEOF)
		r[k++] = c == '\n' ? '|' : (wchar_t)c;
	r[k] = 0;
	say("   left \"%ls\" eof %d error %d", r, feof(f) != 0,
	    ferror(f) != 0);
}

#include "_stdio_in.h"
