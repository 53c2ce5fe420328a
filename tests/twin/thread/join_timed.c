/* SPDX-License-Identifier: MIT */
/* tryjoin, timedjoin, clockjoin. */
#include "t.h"

static sem_t go;

static void *
waits(void *arg)
{
	sem_wait(&go);
	return arg;
}

static void
all(pthread_t t)
{
	struct timespec ts;
	void *ret = NULL;
	double begin = now();

	E(pthread_tryjoin_np(t, &ret));
	ts = in_ms(CLOCK_REALTIME, 50);
	E(pthread_timedjoin_np(t, &ret, &ts));
	say("not early: %d", now() - begin >= 0.049);
	begin = now();
	ts = in_ms(CLOCK_MONOTONIC, 50);
	E(pthread_clockjoin_np(t, &ret, CLOCK_MONOTONIC, &ts));
	say("not early: %d", now() - begin >= 0.049);
	ts = in_ms(CLOCK_REALTIME, -50);
	E(pthread_timedjoin_np(t, &ret, &ts));
#if __GLIBC_PREREQ(2, 32)
	/* Earlier ones take that clock, and wait for ever. */
	E(pthread_clockjoin_np(t, &ret, CLOCK_PROCESS_CPUTIME_ID, &ts));
#endif
	sem_post(&go);
	ts = in_ms(CLOCK_REALTIME, 15000);
	E(pthread_timedjoin_np(t, &ret, &ts));
	say("value %d", ret == &go);
}

static void *
in_thread(void *arg)
{
	all(spawn(waits, &go));
	return arg;
}

int
main(void)
{
	struct timespec ts = { 0, 0 };
	void *ret = NULL;
	pthread_t t;

	sem_init(&go, 0, 0);
	E(pthread_tryjoin_np(pthread_self(), NULL));
	say("-- main, green");
	all(spawn(waits, &go));
	say("-- main, kernel");
	all(spawn_kernel(waits, &go));
	say("-- green, green");
	join(spawn(in_thread, NULL));
	say("-- kernel, green");
	join(spawn_kernel(in_thread, NULL));
	say("-- ended");
	t = spawn(waits, &go);
	sem_post(&go);
	settle();
	E(pthread_tryjoin_np(t, &ret));
	say("value %d", ret == &go);
	t = spawn(waits, &go);
	sem_post(&go);
	settle();
	E(pthread_timedjoin_np(t, &ret, &ts));
	return 0;
}
