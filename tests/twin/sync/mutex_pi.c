/* SPDX-License-Identifier: MIT */
/* Priority-inheritance mutexes lock, exclude and time out. */
#include "t.h"

static pthread_mutex_t m;
static long count;

static void *
work(void *arg)
{
	for (int i = 0; i < 50; i++) {
		MUST(pthread_mutex_lock(&m) == 0);
		long c = count;
		if (i % 10 == 0)
			usleep(50);
		count = c + 1;
		MUST(pthread_mutex_unlock(&m) == 0);
	}
	return arg;
}

static void *
timed(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 50);

	E(pthread_mutex_trylock(&m));
	E(pthread_mutex_timedlock(&m, &ts));
	return arg;
}

int
main(void)
{
	pthread_mutexattr_t a;
	pthread_t t[6];

	pthread_mutexattr_init(&a);
	E(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
	E(pthread_mutex_init(&m, &a));
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_trylock(&m));
	join(spawn(timed, NULL));
	E(pthread_mutex_unlock(&m));
	for (int i = 0; i < 6; i++)
		t[i] = i % 2 ? spawn_kernel(work, NULL) : spawn(work, NULL);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	say("count %ld", count);
	E(pthread_mutex_destroy(&m));
	return 0;
}
