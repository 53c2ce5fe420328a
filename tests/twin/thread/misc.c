/* SPDX-License-Identifier: MIT */
/* Affinity, CPU clocks, concurrency, yield: same answers on any thread. */
#include <sched.h>

#include "t.h"

static void *
work(void *arg)
{
	struct timespec a, b;
	cpu_set_t before, after, none;
	clockid_t clock;
	volatile double x = 1;

	E(pthread_getaffinity_np(pthread_self(), sizeof(before), &before));
	say("some cpu: %d", CPU_COUNT(&before) > 0);
	E(pthread_setaffinity_np(pthread_self(), sizeof(before), &before));
	E(pthread_getaffinity_np(pthread_self(), sizeof(after), &after));
	say("unchanged: %d", CPU_EQUAL(&before, &after));
	CPU_ZERO(&none);
	E(pthread_setaffinity_np(pthread_self(), sizeof(none), &none));
	E(pthread_getaffinity_np(pthread_self(), 1, &after));

	E(pthread_getcpuclockid(pthread_self(), &clock));
	R(clock_gettime(clock, &a));
	for (int i = 0; i < 3000000; i++)
		x = x * 1.0000001;
	R(clock_gettime(clock, &b));
	say("advanced: %d", b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
	R(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a));
	R(sched_yield());
	R(pthread_getconcurrency());
	say("equal %d", pthread_equal(pthread_self(), pthread_self()) != 0);
	return arg;
}

int
main(void)
{
	say("-- main");
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
