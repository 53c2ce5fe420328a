/* SPDX-License-Identifier: MIT */
/*
 * Two threads that wake each other by semaphores.
 *
 *	switch [ROUND-TRIPS]
 *
 * A round trip is two switches: ns is the time of one of them.
 */

#include "bench.h"

#include <semaphore.h>

static sem_t ping, pong;
static long rounds;

static void *
other(void *arg)
{
	for (long i = 0; i < rounds; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return arg;
}

static void
play(void)
{
	pthread_t thread = spawn(other, NULL);

	for (long i = 0; i < rounds; i++) {
		sem_post(&ping);
		sem_wait(&pong);
	}
	pthread_join(thread, NULL);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, 1, 200000);
	int64_t start;

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	rounds = n / 20 + 1;
	play();
	rounds = n;
	start = now_ns();
	play();
	printf("ns %.2f\n", (double)(now_ns() - start) / (2.0 * n));
	return 0;
}
