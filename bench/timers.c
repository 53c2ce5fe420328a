/* SPDX-License-Identifier: MIT */
/*
 * How late nanosleep() of 1 ms returns.
 *
 *	timers [THREADS [SLEEPS]]
 *
 * Prints the spread of the lateness in us and how many sleeps ended early,
 * which none may. The threads begin their sleeps at different times.
 */

#include "bench.h"

#define SLEEP_NS 1000000

static int64_t *late;
static long threads, sleeps;

static void *
sleeper(void *arg)
{
	long self = (intptr_t)arg;
	struct timespec ts = { .tv_nsec = SLEEP_NS },
			phase = { .tv_nsec = self * 9973 % SLEEP_NS };

	nanosleep(&phase, NULL);
	for (long i = 0; i < sleeps; i++) {
		int64_t start = now_ns();

		nanosleep(&ts, NULL);
		late[self * sleeps + i] = now_ns() - start - SLEEP_NS;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t *ids;
	long early = 0;

	threads = arg_number(argc, argv, 1, 1);
	sleeps = arg_number(argc, argv, 2, 1000);
	late = allocate(threads * sleeps, sizeof(*late));
	ids = allocate(threads, sizeof(*ids));
	for (long i = 0; i < threads; i++)
		ids[i] = spawn(sleeper, (void *)(intptr_t)i);
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (long i = 0; i < threads * sleeps; i++)
		early += late[i] < 0;
	print_spread(late, threads * sleeps, 1e3);
	printf("early %ld\n", early);
	return 0;
}
