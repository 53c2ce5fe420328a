/* SPDX-License-Identifier: MIT */
/* Memory allocated in one thread, freed in another, with parks between. */
#include <malloc.h>

#include "t.h"

#define N 30

static void *slots[N][64];

static void *
alloc(void *arg)
{
	int k = (int)(intptr_t)arg;

	for (int i = 0; i < 64; i++) {
		size_t n = 16 << (i % 10);

		slots[k][i] = malloc(n);
		memset(slots[k][i], k, n);
		if (i % 8 == 0)
			usleep(50);
	}
	return NULL;
}

static void *
release(void *arg)
{
	intptr_t k = (intptr_t)arg, bad = 0;

	for (int i = 0; i < 64; i++) {
		unsigned char *p = slots[(k + 7) % N][i];
		size_t n = 16 << (i % 10);

		bad += p[0] != (k + 7) % N || p[n - 1] != (k + 7) % N;
		free(p);
		if (i % 8 == 4)
			sched_yield();
	}
	return (void *)bad;
}

int
main(void)
{
	intptr_t bad = 0;
	pthread_t t[N];

	for (int round = 0; round < 5; round++) {
		for (intptr_t i = 0; i < N; i++)
			t[i] = i % 5 == 0 ? spawn_kernel(alloc, (void *)i)
					  : spawn(alloc, (void *)i);
		for (int i = 0; i < N; i++)
			join(t[i]);
		for (intptr_t i = 0; i < N; i++)
			t[i] = i % 5 == 1 ? spawn_kernel(release, (void *)i)
					  : spawn(release, (void *)i);
		for (int i = 0; i < N; i++)
			bad += (intptr_t)join(t[i]);
	}
	say("bad %ld", (long)bad);
	return 0;
}
