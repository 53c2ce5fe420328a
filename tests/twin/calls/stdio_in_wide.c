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

enum { F = __COUNTER__ + 1 };
static long
call(int which)
{
	switch (which) {
#define X(in, expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const struct {
	const char *text;
	int in;	/* standard input */
} rows[] = {
#define X(in, expr) { #expr, in },
	LIST
#undef X
};

static int go;

static void *
feeds(void *arg)
{
	int fd = p[1];

	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		ms(1);
	ms(4);
	MUST(write(fd, "12 wo", 5) == 5);
	ms(4);
	MUST(write(fd, "rd\nline two\n", 12) == 12);
	close(fd);
	return arg;
}

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

static void *
work(void *arg)
{
	pthread_t t;
	long rc;

	for (size_t i = 0; i < NELEM(rows); i++) {
		MUST(pipe(p) == 0);
		if (rows[i].in) {
			dup2(p[0], 0);
			close(p[0]);
			f = stdin;
			clearerr(f);
		} else {
			f = fdopen(p[0], "r");
		}
		memset(b, 0, sizeof(b));
		n = go = 0;
		t = spawn(feeds, NULL);
		__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
		errno = 0;
		rc = call((int)i);
		say("%s = %ld errno %s \"%.*s\" %d", rows[i].text, rc,
		    ename(errno), (int)strcspn(b, "\n"), b, n);
		join(t);
		rest();
		/* At its end, */
		errno = 0;
		rc = call((int)i);
		say("   end %ld errno %s eof %d", rc, ename(errno),
		    feof(f) != 0);
		/* with no descriptor under it, */
		clearerr(f);
		rc = dup(fileno(f));
		close(fileno(f));
		errno = 0;
		n = (int)call((int)i);
		say("   closed %d errno %s error %d", n, ename(errno),
		    ferror(f) != 0);
		dup2((int)rc, fileno(f));
		close((int)rc);
		if (rows[i].in) {
			dup2(open("/dev/null", O_RDONLY), 0);
			continue;
		}
		fclose(f);
		/* open for writing, and a directory. */
		f = fopen("out", "w");
		errno = 0;
		rc = call((int)i);
		say("   writer %ld errno %s error %d", rc, ename(errno),
		    ferror(f) != 0);
		fclose(f);
		f = fopen(".", "r");
		errno = 0;
		rc = call((int)i);
		say("   directory %ld errno %s error %d", rc, ename(errno),
		    ferror(f) != 0);
		fclose(f);
	}
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
