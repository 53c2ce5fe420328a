/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * Broadcast storms: a generation count goes up; every thread, green or
 * kernel, must see every generation exactly once.
 */
#include "t.h"

#define THREADS 40
#define ROUNDS 200

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static int generation, arrived, missed;

static void *
work(void *arg)
{
	for (int want = 1; want <= ROUNDS; want++) {
		pthread_mutex_lock(&m);
		while (generation < want)
			pthread_cond_wait(&go, &m);
		if (generation != want)
			missed++;
		if (++arrived == THREADS)
			pthread_cond_signal(&done);
		pthread_mutex_unlock(&m);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int r = 0; r < ROUNDS; r++) {
		pthread_mutex_lock(&m);
		arrived = 0;
		generation++;
		/* Half of the broadcasts with, half without the mutex. */
		if (r % 2)
			pthread_mutex_unlock(&m);
		pthread_cond_broadcast(&go);
		if (r % 2)
			pthread_mutex_lock(&m);
		while (arrived < THREADS)
			pthread_cond_wait(&done, &m);
		pthread_mutex_unlock(&m);
	}
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
	say("generations %d, missed %d", generation, missed);
	return 0;
}
