/* SPDX-License-Identifier: MIT */
/* Many threads, green and kernel, count under one mutex and park inside. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long count;

static void *
work(void *arg)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&m);
		long c = count;
		if (i % 100 == 0)
			usleep(50);
		else if (i % 10 == 0)
			sched_yield();
		count = c + 1;
		pthread_mutex_unlock(&m);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[60];

	for (int i = 0; i < 60; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < 60; i++)
		join(t[i]);
	say("count %ld", count);
	return 0;
}
