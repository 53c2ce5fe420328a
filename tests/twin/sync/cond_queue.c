/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Bounded queue: producers and consumers of both kinds; nothing lost. */
#include "t.h"

#define ITEMS 3000

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static int ring[8], head, tail;
static unsigned char seen[4 * ITEMS];

static void
put(int x)
{
	pthread_mutex_lock(&m);
	while (tail - head == 8)
		pthread_cond_wait(&not_full, &m);
	ring[tail++ % 8] = x;
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&m);
}

static void *
produce(void *arg)
{
	int k = (int)(intptr_t)arg;

	for (int i = 0; i < ITEMS; i++)
		put(k * ITEMS + i);
	return NULL;
}

static void *
consume(void *arg)
{
	for (;;) {
		pthread_mutex_lock(&m);
		while (head == tail)
			pthread_cond_wait(&not_empty, &m);
		int x = ring[head++ % 8];
		if (x >= 0)
			seen[x]++;
		pthread_cond_signal(&not_full);
		pthread_mutex_unlock(&m);
		if (x < 0)
			return NULL;
	}
}

int
main(void)
{
	pthread_t p[4], c[6];
	int once = 0;

	for (intptr_t i = 0; i < 4; i++)
		p[i] = i == 0 ? spawn_kernel(produce, (void *)i)
			      : spawn(produce, (void *)i);
	for (int i = 0; i < 6; i++)
		c[i] = i < 2 ? spawn_kernel(consume, NULL)
			     : spawn(consume, NULL);
	for (int i = 0; i < 4; i++)
		join(p[i]);
	for (int i = 0; i < 6; i++)
		put(-1);
	for (int i = 0; i < 6; i++)
		join(c[i]);
	for (int i = 0; i < 4 * ITEMS; i++)
		once += seen[i] == 1;
	say("seen exactly once: %d", once);
	return 0;
}
