/* SPDX-License-Identifier: MIT */
/* Timed forms of both sides of a read-write lock. */
#include "t.h"

static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;

static void *
contender(void *arg)
{
	struct timespec ts;
	double begin = now();

	ts = in_ms(CLOCK_REALTIME, 50);
	E(pthread_rwlock_timedrdlock(&l, &ts));
	say("not early: %d", now() - begin >= 0.049);
	begin = now();
	ts = in_ms(CLOCK_REALTIME, 50);
	E(pthread_rwlock_timedwrlock(&l, &ts));
	say("not early: %d", now() - begin >= 0.049);
	ts = in_ms(CLOCK_MONOTONIC, 50);
	E(pthread_rwlock_clockrdlock(&l, CLOCK_MONOTONIC, &ts));
	ts = in_ms(CLOCK_MONOTONIC, 50);
	E(pthread_rwlock_clockwrlock(&l, CLOCK_MONOTONIC, &ts));
	E(pthread_rwlock_clockwrlock(&l, CLOCK_PROCESS_CPUTIME_ID, &ts));
	E(pthread_rwlock_clockrdlock(&l, CLOCK_PROCESS_CPUTIME_ID, &ts));
	ts = in_ms(CLOCK_REALTIME, -50);
	E(pthread_rwlock_timedrdlock(&l, &ts));
	E(pthread_rwlock_timedwrlock(&l, &ts));
	ts.tv_nsec = 1000000000;
	E(pthread_rwlock_timedrdlock(&l, &ts));
	E(pthread_rwlock_timedwrlock(&l, &ts));
	return arg;
}

static void *
in_time(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 15000);

	if (arg)
		E(pthread_rwlock_timedwrlock(&l, &ts));
	else
		E(pthread_rwlock_timedrdlock(&l, &ts));
	pthread_rwlock_unlock(&l);
	return NULL;
}

int
main(void)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 100);
	pthread_t t;

	pthread_rwlock_wrlock(&l);
	E(pthread_rwlock_timedwrlock(&l, &ts));
	E(pthread_rwlock_timedrdlock(&l, &ts));
	say("-- green");
	join(spawn(contender, NULL));
	say("-- kernel");
	join(spawn_kernel(contender, NULL));
	for (int w = 0; w < 2; w++) {
		if (w)
			pthread_rwlock_wrlock(&l);
		t = spawn(in_time, w ? &l : NULL);
		settle();
		pthread_rwlock_unlock(&l);
		join(t);
	}
	return 0;
}
