/* SPDX-License-Identifier: MIT */
/* Threads that sleep different times wake in the order of the times. */
#include "t.h"

#define N 6

static struct timespec start;
static int order[N], n;

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;

	struct timespec ts = start;

	ts.tv_nsec += (k + 1) * 150000000L;
	ts.tv_sec += ts.tv_nsec / 1000000000L;
	ts.tv_nsec %= 1000000000L;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	order[__atomic_fetch_add(&n, 1, __ATOMIC_SEQ_CST)] = k;
	return NULL;
}

int
main(void)
{
	pthread_t t[N];
	int sorted = 1;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (intptr_t i = 0; i < N; i++)
		t[i] = spawn(work, (void *)((i * 5) % N));
	for (int i = 0; i < N; i++)
		join(t[i]);
	for (int i = 0; i < N; i++)
		sorted &= order[i] == i;
	say("sorted %d", sorted);
	return 0;
}
