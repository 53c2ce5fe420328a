/* SPDX-License-Identifier: MIT */
/*
 * The rest of stdio_out.c and stdio_out_wide.c, behind their LIST, which writes
 * to f or standard output. They have f, p[2] and out.
 */
#include "_stdio.h"

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
		int is_out = rows[i].std;

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
