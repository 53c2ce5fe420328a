/* SPDX-License-Identifier: MIT */
/* Static initialisers of all types, first used by two threads at once. */
#include "t.h"

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t check = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t *all[] = { &normal, &rec, &check, &adaptive };
static long count[4];

static void *
work(void *arg)
{
	for (int i = 0; i < 400; i++) {
		int k = i % 4;

		pthread_mutex_lock(all[k]);
		long c = count[k];
		if (i % 50 == k)
			usleep(100);
		count[k] = c + 1;
		pthread_mutex_unlock(all[k]);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		t[i] = i % 2 ? spawn_kernel(work, NULL) : spawn(work, NULL);
	for (int i = 0; i < 8; i++)
		join(t[i]);
	for (int k = 0; k < 4; k++)
		say("type %d: %ld", k, count[k]);
	return 0;
}
