/* SPDX-License-Identifier: MIT */
/* Timed and clocked locks: ETIMEDOUT, EINVAL, EDEADLK, and success in time. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t check = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

static void *
contender(void *arg)
{
	struct timespec ts;
	double begin = now();

	ts = in_ms(CLOCK_REALTIME, 60);
	E(pthread_mutex_timedlock(&m, &ts));
	say("not early: %d", now() - begin >= 0.059);
	begin = now();
	ts = in_ms(CLOCK_MONOTONIC, 60);
	E(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &ts));
	say("not early: %d", now() - begin >= 0.059);
	ts = in_ms(CLOCK_REALTIME, 60);
	E(pthread_mutex_clocklock(&m, CLOCK_REALTIME, &ts));
	E(pthread_mutex_clocklock(&m, CLOCK_PROCESS_CPUTIME_ID, &ts));
	ts = in_ms(CLOCK_REALTIME, -1000);
	E(pthread_mutex_timedlock(&m, &ts));
	ts.tv_sec = -5;
	E(pthread_mutex_timedlock(&m, &ts));
	ts = in_ms(CLOCK_REALTIME, 1000);
	ts.tv_nsec = 1000000000;
	E(pthread_mutex_timedlock(&m, &ts));
	ts.tv_nsec = -1;
	E(pthread_mutex_timedlock(&m, &ts));
	E(pthread_mutex_trylock(&m));
	return arg;
}

static void *
in_time(void *arg)
{
	struct timespec ts = in_ms(CLOCK_MONOTONIC, 15000);

	E(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &ts));
	E(pthread_mutex_unlock(&m));
	return arg;
}

int
main(void)
{
	struct timespec ts;
	pthread_t t;

	pthread_mutex_lock(&m);
	say("-- green");
	join(spawn(contender, NULL));
	say("-- kernel");
	join(spawn_kernel(contender, NULL));
	t = spawn(in_time, NULL);
	settle();
	pthread_mutex_unlock(&m);
	join(t);
	say("-- free, bad times");
	ts.tv_sec = 0;
	ts.tv_nsec = -1;
	E(pthread_mutex_timedlock(&m, &ts));
	E(pthread_mutex_unlock(&m));
	say("-- owner");
	ts = in_ms(CLOCK_REALTIME, 1000);
	E(pthread_mutex_lock(&check));
	E(pthread_mutex_timedlock(&check, &ts));
	E(pthread_mutex_unlock(&check));
	return 0;
}
