/* SPDX-License-Identifier: MIT */
/* Timed condition waits: both clocks, past deadlines, bad ones. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void *
waits(void *arg)
{
	pthread_condattr_t a;
	pthread_cond_t mono;
	struct timespec ts;
	double begin = now();

	pthread_mutex_lock(&m);
	ts = in_ms(CLOCK_REALTIME, 60);
	E(pthread_cond_timedwait(&c, &m, &ts));
	say("not early: %d", now() - begin >= 0.059);
	E(pthread_mutex_trylock(&m));
	ts = in_ms(CLOCK_REALTIME, -10);
	E(pthread_cond_timedwait(&c, &m, &ts));
	ts.tv_sec = -1;
	E(pthread_cond_timedwait(&c, &m, &ts));
	ts = in_ms(CLOCK_REALTIME, 1000);
	ts.tv_nsec = 1000000000;
	E(pthread_cond_timedwait(&c, &m, &ts));
	E(pthread_mutex_trylock(&m));

	pthread_condattr_init(&a);
	E(pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
	pthread_cond_init(&mono, &a);
	begin = now();
	ts = in_ms(CLOCK_MONOTONIC, 60);
	E(pthread_cond_timedwait(&mono, &m, &ts));
	say("not early: %d", now() - begin >= 0.059);
	begin = now();
	ts = in_ms(CLOCK_MONOTONIC, 60);
	E(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &ts));
	say("not early: %d", now() - begin >= 0.059);
	ts = in_ms(CLOCK_REALTIME, 40);
	E(pthread_cond_clockwait(&mono, &m, CLOCK_REALTIME, &ts));
	E(pthread_cond_clockwait(&c, &m, CLOCK_PROCESS_CPUTIME_ID, &ts));
	E(pthread_cond_destroy(&mono));
	pthread_mutex_unlock(&m);
	return arg;
}

static int ready;

static void *
awaits_signal(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 15000);
	int e = 0;

	pthread_mutex_lock(&m);
	while (!ready && e == 0)
		e = pthread_cond_timedwait(&c, &m, &ts);
	say("signalled in time: %s", ename(e));
	pthread_mutex_unlock(&m);
	return arg;
}

int
main(void)
{
	pthread_t t;

	say("-- main");
	waits(NULL);
	say("-- green");
	join(spawn(waits, NULL));
	say("-- kernel");
	join(spawn_kernel(waits, NULL));
	t = spawn(awaits_signal, NULL);
	settle();
	pthread_mutex_lock(&m);
	ready = 1;
	E(pthread_cond_signal(&c));
	pthread_mutex_unlock(&m);
	join(t);
	return 0;
}
