/* SPDX-License-Identifier: MIT */
/* Barriers: one serial thread a round, rounds do not overlap, EINVAL. */
#include "t.h"

#define THREADS 20
#define ROUNDS 50

static pthread_barrier_t b;
static int serial, in_round, bad;

static void *
work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&in_round, 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&in_round, __ATOMIC_SEQ_CST) !=
		    (i + 1) * THREADS)
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&b);
	}
	return arg;
}

int
main(void)
{
	pthread_t t[THREADS];

	E(pthread_barrier_init(&b, NULL, 0));
	E(pthread_barrier_init(&b, NULL, 1));
	say("alone: serial %d",
	    pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD);
	E(pthread_barrier_destroy(&b));
	E(pthread_barrier_init(&b, NULL, THREADS));
	for (int i = 0; i < THREADS; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
	say("serial %d, bad %d", serial, bad);
	E(pthread_barrier_destroy(&b));
	return 0;
}
