/* SPDX-License-Identifier: MIT */
/* Sleeps of all kinds: never early, zero, bad arguments. */
#include <threads.h>

#include "t.h"

#define T(expr, sec)                                                   \
	do {                                                           \
		double t_ = now();                                     \
		long r_;                                               \
		errno = 0;                                             \
		r_ = (long)(expr);                                     \
		t_ = now() - t_;                                       \
		say("%s = %ld %s, not early %d, soon %d", #expr, r_,   \
		    ename(errno), t_ >= (sec)*0.9999, t_ < (sec) + 2); \
	} while (0)

static void *
work(void *arg)
{
	struct timespec a = { 0, 30000000 }, rem = { 7, 7 }, abs;
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 };

	T(usleep(30000), 0.03);
	T(usleep(0), 0);
	T(nanosleep(&a, &rem), 0.03);
	say("remaining untouched %d", rem.tv_sec == 7 && rem.tv_nsec == 7);
	T(nanosleep(&a, NULL), 0.03);
	T(nanosleep(&(struct timespec){ 0, 0 }, NULL), 0);
	T(nanosleep(&bad, NULL), 0);
	T(nanosleep(&neg, NULL), 0);
	T(nanosleep((struct timespec *)8, NULL), 0);
	T(clock_nanosleep(CLOCK_MONOTONIC, 0, &a, &rem), 0.03);
	T(clock_nanosleep(CLOCK_REALTIME, 0, &a, NULL), 0.03);
	T(clock_nanosleep(CLOCK_BOOTTIME, 0, &a, NULL), 0.03);
	abs = in_ms(CLOCK_MONOTONIC, 30);
	T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &abs, NULL), 0.029);
	abs = in_ms(CLOCK_REALTIME, 30);
	T(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &abs, NULL), 0.029);
	abs = in_ms(CLOCK_MONOTONIC, -3000);
	T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &abs, NULL), 0);
	abs.tv_sec = -4;
	T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &abs, NULL), 0);
	T(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL), 0);
	T(clock_nanosleep(99, 0, &a, NULL), 0);
	T(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &a, NULL), 0);
	T(sleep(0), 0);
	T(thrd_sleep(&a, NULL), 0.03);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	R(sleep(1));
	return 0;
}
