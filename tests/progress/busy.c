/* SPDX-License-Identifier: MIT */
/*
 * One thread does something that never comes back to a library for 2 s;
 * another one sleeps 10 ms at a time and records how long each sleep took.
 *
 *	busy loop|syscall|main|two|sleepers [SECONDS]
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX 4000

static double seconds = 2;
static volatile int started;
static volatile unsigned long work_done;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* nanosleep as nobody can intercept it. */
static long
private_nanosleep(const struct timespec *ts)
{
#if defined(__x86_64__)
	long r = 35;

	__asm__ volatile("syscall"
			 : "+a"(r)
			 : "D"(ts), "S"(0)
			 : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = 101;
	register long x0 __asm__("x0") = (long)ts;
	register long x1 __asm__("x1") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
#else
#error "add the system call instruction of this processor here"
#endif
}

static void
spin(void)
{
	double end = now() + seconds;

	started = 1;
	do {
		for (int i = 0; i < 100000; i++)
			work_done++;
	} while (now() < end);
}

static void *
loops(void *arg)
{
	spin();
	return arg;
}

static void *
blocks(void *arg)
{
	struct timespec ts = { (time_t)seconds,
			       (long)((seconds - (time_t)seconds) * 1e9) };

	started = 1;
	private_nanosleep(&ts);
	return arg;
}

struct samples {
	double took[MAX];
	int n;
};

static void *
sleeps(void *arg)
{
	struct samples *s = arg;
	struct timespec ts = { 0, 10000000 };
	double end = now() + seconds;

	while (now() < end && s->n < MAX) {
		double begin = now();

		nanosleep(&ts, NULL);
		s->took[s->n++] = now() - begin;
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	static struct samples s;
	const char *what = argc > 1 ? argv[1] : "loop";
	pthread_t sleeper, busy[2];
	int n = 0, e = 0;

	if (argc > 2)
		seconds = atof(argv[2]);
	if (!strcmp(what, "loop") || !strcmp(what, "two"))
		e |= pthread_create(&busy[n++], NULL, loops, NULL);
	if (!strcmp(what, "syscall") || !strcmp(what, "two"))
		e |= pthread_create(&busy[n++], NULL, blocks, NULL);
	e |= pthread_create(&sleeper, NULL, sleeps, &s);
	if (e != 0) {
		fprintf(stderr, "pthread_create: %s\n", strerror(e));
		return 1;
	}
	if (!strcmp(what, "main"))
		spin();
	pthread_join(sleeper, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(busy[i], NULL);
	qsort(s.took, s.n, sizeof(double), compare);
	if (s.n == 0)
		return 1;
	printf("n=%d p50=%.2f p99=%.2f max=%.2f\n", s.n, s.took[s.n / 2] * 1e3,
	       s.took[(int)(s.n * 0.99)] * 1e3, s.took[s.n - 1] * 1e3);
	return 0;
}
