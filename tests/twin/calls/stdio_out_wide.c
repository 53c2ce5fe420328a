/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O0 cflags=-fno-builtin cflags=-U_FORTIFY_SOURCE */
/* The calls that write wide characters, as stdio_out.c does it. */
#include <stdio_ext.h>
#include <wchar.h>

#include "t.h"

extern wint_t __woverflow(FILE *, wint_t);

static FILE *f;
static int p[2], out;

static int
v_f(const wchar_t *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vfwprintf(f, fmt, ap);
	va_end(ap);
	return rc;
}

static int
v_out(const wchar_t *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vwprintf(fmt, ap);
	va_end(ap);
	return rc;
}

static int
oriented(void)
{
	fwide(f, 1);
	return (int)__woverflow(f, L'g');
}

#define LIST \
	X(0, putwc(L'a', f)) \
	X(0, fputwc(L'b', f)) \
	X(0, putwc_unlocked(L'd', f)) \
	X(0, fputwc_unlocked(L'e', f)) \
	X(0, oriented()) \
	X(0, fputws(L"fputws\n", f)) \
	X(0, fputws_unlocked(L"fputws\n", f)) \
	X(0, fwprintf(f, L"%d %s\n", 12, "words")) \
	X(0, v_f(L"%d %s\n", 12, "words")) \
	X(1, putwchar(L'p')) \
	X(1, putwchar_unlocked(L'q')) \
	X(1, wprintf(L"%d %s\n", 12, "words")) \
	X(1, v_out(L"%d %s\n", 12, "words"))

#include "_stdio_out.h"
