/* SPDX-License-Identifier: MIT */
/* Recursive mutexes: the depth belongs to the thread, across parks. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int inside, bad, entries;

static void
enter(int depth)
{
	pthread_mutex_lock(&m);
	if (depth == 0) {
		if (inside++ != 0)
			bad++;
		usleep(200);
		entries++;
		inside--;
	} else {
		enter(depth - 1);
		if (depth % 3 == 0)
			sched_yield();
	}
	pthread_mutex_unlock(&m);
}

static void *
work(void *arg)
{
	for (int i = 0; i < 20; i++)
		enter((int)(intptr_t)arg);
	return NULL;
}

int
main(void)
{
	pthread_t t[12];

	for (intptr_t i = 0; i < 12; i++)
		t[i] = i % 3 == 0 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	for (int i = 0; i < 12; i++)
		join(t[i]);
	say("entries %d, overlapping %d", entries, bad);
	E(pthread_mutex_trylock(&m));
	E(pthread_mutex_unlock(&m));
	E(pthread_mutex_unlock(&m));
	return 0;
}
