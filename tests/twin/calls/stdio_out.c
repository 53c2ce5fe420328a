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

enum { F = __COUNTER__ + 1 };
static long
call(int which)
{
	switch (which) {
#define X(out, expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const struct {
	const char *text;
	int out;	/* standard output */
} rows[] = {
#define X(out, expr) { #expr, out },
	LIST
#undef X
};

static int go;
static size_t filled;
static char got[16384];

/* Empties the pipe while the call waits, until nobody writes any more. */
static void *
drains(void *arg)
{
	size_t k = 0;
	ssize_t r;

	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		ms(1);
	ms(4);
	while ((r = read(p[0], got + k, sizeof(got) - k)) > 0)
		k += r;
	got[k] = '\0';
	for (char *s = got; *s; s++)
		if (*s == '\n')
			*s = '|';
	return (void *)k;
}

/* The FILE of the row, over descriptor fd, which it takes. */
static void
over(int fd, int is_out, const char *mode)
{
	if (is_out) {
		dup2(fd, 1);
		close(fd);
		f = stdout;
		clearerr(f);
	} else {
		f = fdopen(fd, mode);
	}
}

/* Ends what over() began: how the last of it went. */
static int
done(int is_out)
{
	int rc;

	if (!is_out) {
		rc = fclose(f);
	} else {
		rc = fflush(f);
		/* What could not be written is not kept for the next. */
		__fpurge(f);
		dup2(out, 1);
	}
	return rc;
}

static void
fills(void)
{
	static char b[4096];
	ssize_t k;

	filled = 0;
	fcntl(p[1], F_SETPIPE_SZ, 4096);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while ((k = write(p[1], b, sizeof(b))) > 0)
		filled += k;
	fcntl(p[1], F_SETFL, 0);
}

static void
bad(const char *what, size_t i, int fd, int is_out, const char *mode)
{
	int rc, e, error, end;

	over(fd, is_out, mode);
	errno = 0;
	rc = (int)call((int)i);
	e = errno;
	error = ferror(f) != 0;
	errno = 0;
	end = done(is_out);
	say("   %s %d errno %s error %d, end %d %s", what, rc, ename(e), error,
	    end, ename(errno));
}

static void *
work(void *arg)
{
	int rc, e, end;
	pthread_t t;
	void *k;

	for (size_t i = 0; i < NELEM(rows); i++) {
		int is_out = rows[i].out;

		for (int mode = 0; mode < 2; mode++) {
			MUST(pipe(p) == 0);
			fills();
			go = 0;
			over(p[1], is_out, "w");
			/* Unbuffered, the call itself waits; else the flush. */
			setvbuf(f, NULL, mode ? _IONBF : _IOFBF, BUFSIZ);
			t = spawn(drains, NULL);
			__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
			errno = 0;
			rc = (int)call((int)i);
			e = errno;
			end = done(is_out);
			k = join(t);
			say("%s = %d errno %s end %d \"%.*s\"", rows[i].text, rc,
			    ename(e), end, (int)((size_t)k - filled),
			    got + filled);
			close(p[0]);
		}
		MUST(pipe(p) == 0);
		close(p[0]);
		bad("nobody", i, p[1], is_out, "w");
		bad("full", i, open("/dev/full", O_WRONLY), is_out, "w");
		bad("reader", i, open("/dev/null", O_RDONLY), is_out, "r");
	}
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	out = dup(1);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
