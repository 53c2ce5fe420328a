/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 cflags=-O2 cflags=-D_FORTIFY_SOURCE=2 */
/* Every call that writes a FILE, to a pipe that is full: the others run. */
#include <wchar.h>

#include "t.h"

static int p[2], ticks;
static volatile int go;
static FILE *f;

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static size_t filled;

static void
fill(void)
{
	static char b[4096];
	ssize_t n;

	filled = 0;
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while ((n = write(p[1], b, sizeof(b))) > 0)
		filled += n;
	fcntl(p[1], F_SETFL, 0);
}

/* What came after the filling. */
static void *
drains(void *arg)
{
	static char b[1 << 20];
	size_t n = 0;
	ssize_t r;

	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	settle();
	while ((r = read(p[0], b + n, sizeof(b) - n)) > 0)
		n += r;
	say("got %zu: %.*s, hash %llx", n - filled,
	    n - filled < 24 ? (int)(n - filled) : 24, b + filled,
	    (unsigned long long)fnv(0, b + filled, n - filled));
	return arg;
}

static void
call(int how)
{
	static char big[200000];

	switch (how) {
	case 0:
		R(fprintf(f, "%s\n", "fprintf") > 0);
		R(fflush(f));
		break;
	case 1:
		setvbuf(f, NULL, _IOLBF, 0);
		R(fputs("line\n", f) >= 0);
		R(putc('\n', f));
		break;
	case 2:
		memset(big, 'b', sizeof(big));
		R(fwrite(big, 1, sizeof(big), f));
		break;
	case 3:
		setvbuf(f, NULL, _IONBF, 0);
		R(putc('u', f));
		R(fputc('v', f));
		R(fputs_unlocked("strings", f) >= 0);
		R(fwrite("block", 2, 2, f));
		break;
	case 4:
		R(dprintf(p[1], "to the descriptor %d", 5));
		break;
	case 5:
		for (int i = 0; i < 20000; i++)
			putc_unlocked('a' + i % 26, f);
		R(fflush_unlocked(f));
		break;
	case 6:
		R(fwprintf(f, L"wide %d\n", 7) > 0);
		R(fputws(L"string", f) >= 0);
		R(fputwc(L'c', f));
		R(fflush(f));
		break;
	case 7:
		R(fputs("at the end", f) >= 0);
		break;
	case 8:
		for (int i = 0; i < 3000; i++)
			fprintf(f, "%d ", i);
		R(fflush(NULL));
		break;
	}
}

static void
handler(int sig)
{
	(void)sig;
}

static int through;

static void *
interrupts(void *arg)
{
	do {
		settle();
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	} while (!__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	return NULL;
}

static void *
also_prints(void *arg)
{
	R(fputs("second\n", f) >= 0);
	return arg;
}

static void *
work(void *arg)
{
	pthread_t self = pthread_self(), a, b;
	int e;

	for (int how = 0; how < 9; how++) {
		MUST(pipe(p) == 0);
		fill();
		f = fdopen(p[1], "w");
		ticks = 0;
		a = spawn(drains, NULL);
		b = spawn(tick, NULL);
		call(how);
		fclose(f);
		join(a);
		join(b);
		say("%d: ticks %d", how,
		    __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
		close(p[0]);
	}

	/* A handler ends the call. */
	MUST(pipe(p) == 0);
	fill();
	f = fdopen(p[1], "w");
	fputs("kept", f);
	through = 0;
	a = spawn(interrupts, &self);
	errno = 0;
	R(fflush(f));
	e = errno;
	__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
	join(a);
	say("%s, error %d", ename(e), ferror(f) != 0);
	clearerr(f);

	/* What fits the buffer does not wait, though the pipe is full. */
	R(fputs("fits", f) >= 0);
	/* Somebody else writes to it while it is locked and waits. */
	ticks = 0;
	setvbuf(f, NULL, _IOLBF, 0);
	a = spawn(drains, NULL);
	b = spawn(also_prints, NULL);
	self = spawn(tick, NULL);
	join(b);
	join(self);
	fclose(f);
	join(a);
	close(p[0]);

	/* Bad ones. */
	f = fopen("/dev/full", "w");
	R(fputs("no room", f) >= 0);
	R(fflush(f));
	R(fclose(f));
	f = fopen("/dev/null", "r");
	R(fputs("reading only", f));
	R(fprintf(f, "x"));
	fclose(f);
	R(dprintf(-1, "x"));
	MUST(pipe(p) == 0);
	close(p[0]);
	f = fdopen(p[1], "w");
	R(fputs("nobody reads", f) >= 0);
	R(fflush(f));
	R(fclose(f));
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	catch_signal(SIGUSR1, handler, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
