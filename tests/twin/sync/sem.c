/* SPDX-License-Identifier: MIT */
/* Semaphores: values, errors, timed forms, ping-pong of both kinds. */
#include <limits.h>

#include "t.h"

static sem_t a, b, mx;
static long count;

static void *
ping(void *arg)
{
	for (int i = 0; i < 500; i++) {
		sem_wait(&a);
		count++;
		sem_post(&b);
	}
	return arg;
}

static void *
work(void *arg)
{
	for (int i = 0; i < 100; i++) {
		sem_wait(&mx);
		long c = count;
		if (i % 25 == 0)
			usleep(50);
		count = c + 1;
		sem_post(&mx);
	}
	return arg;
}

static void *
timed(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 50);
	double begin = now();

	R(sem_timedwait(&a, &ts));
	say("not early: %d", now() - begin >= 0.049);
	begin = now();
	ts = in_ms(CLOCK_MONOTONIC, 50);
	R(sem_clockwait(&a, CLOCK_MONOTONIC, &ts));
	say("not early: %d", now() - begin >= 0.049);
	R(sem_clockwait(&a, CLOCK_PROCESS_CPUTIME_ID, &ts));
	ts.tv_nsec = 1000000000;
	R(sem_timedwait(&a, &ts));
	ts.tv_nsec = 0;
	ts.tv_sec = 1;
	R(sem_timedwait(&a, &ts));
	R(sem_trywait(&a));
	return arg;
}

int
main(void)
{
	struct timespec ts = { 0, -1 };
	pthread_t t[20];
	int v;

	R(sem_init(&a, 0, UINT_MAX));
	R(sem_init(&a, 0, SEM_VALUE_MAX));
	R(sem_post(&a));
	R(sem_destroy(&a));
	sem_init(&a, 0, 2);
	R(sem_wait(&a));
	R(sem_timedwait(&a, &ts));
	R(sem_trywait(&a));
	R(sem_getvalue(&a, &v));
	say("value %d", v);
	say("-- timed, green");
	join(spawn(timed, NULL));
	say("-- timed, kernel");
	join(spawn_kernel(timed, NULL));

	sem_init(&b, 0, 0);
	for (int kind = 0; kind < 2; kind++) {
		t[0] = kind ? spawn_kernel(ping, NULL) : spawn(ping, NULL);
		for (int i = 0; i < 500; i++) {
			sem_post(&a);
			sem_wait(&b);
		}
		join(t[0]);
		say("count %ld", count);
	}
	count = 0;
	sem_init(&mx, 0, 1);
	for (int i = 0; i < 20; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < 20; i++)
		join(t[i]);
	say("count %ld", count);
	sem_getvalue(&mx, &v);
	say("value %d", v);
	return 0;
}
