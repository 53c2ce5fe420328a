/* SPDX-License-Identifier: MIT */
/*
 * A thread that sleeps 10 ms at a time beside one that never lets go.
 *
 *	fair spin [SECONDS]	a loop without any call
 *	fair syscall [SECONDS]	one raw system call, unknown to every library
 *
 * Prints the spread of the sleeper's turns in ms: 10 is perfect.
 */

#include "bench.h"

#include <stdatomic.h>
#include <sys/syscall.h>

#define TURNS_MAX 100000

static atomic_bool over;
static long seconds;

/* poll() of nothing, by the instruction itself: no function to take over. */
static void
raw_wait(long s)
{
	struct timespec ts = { .tv_sec = s };
	long rc;

#if defined(__x86_64__)
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;

	__asm__ volatile("syscall"
			 : "=a"(rc)
			 : "a"(SYS_ppoll), "D"(0L), "S"(0L), "d"(&ts), "r"(r10),
			   "r"(r8)
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_ppoll;
	register long x0 __asm__("x0") = 0;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = (long)&ts;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	rc = x0;
#else
#error "write raw_wait() for this processor"
#endif
	if (rc != 0)
		die("raw ppoll", (int)-rc);
}

static void *
hog_spin(void *arg)
{
	int64_t end = now_ns() + seconds * 1000000000;

	/* now_ns() is no call that anybody takes over, but keep it rare. */
	while (now_ns() < end)
		for (int i = 0; i < 100000; i++)
			__asm__ volatile("" ::: "memory");
	over = 1;
	return arg;
}

static void *
hog_syscall(void *arg)
{
	raw_wait(seconds);
	over = 1;
	return arg;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int64_t *turns = allocate(TURNS_MAX, sizeof(*turns));
	struct timespec ts = { .tv_nsec = 10000000 };
	void *(*hog)(void *) = NULL;
	pthread_t thread;
	long n = 0;

	seconds = arg_number(argc, argv, 2, 2);
	if (strcmp(mode, "spin") == 0)
		hog = hog_spin;
	else if (strcmp(mode, "syscall") == 0)
		hog = hog_syscall;
	if (!hog) {
		fprintf(stderr, "usage: fair spin|syscall [SECONDS]\n");
		return 2;
	}
	thread = spawn(hog, NULL);
	while (!over && n < TURNS_MAX) {
		int64_t start = now_ns();

		nanosleep(&ts, NULL);
		turns[n++] = now_ns() - start;
	}
	pthread_join(thread, NULL);
	print_spread(turns, n, 1e6);
	printf("turns %ld\n", n);
	return 0;
}
