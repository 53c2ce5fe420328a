/* SPDX-License-Identifier: MIT */
/*
 * What a thread costs to make.
 *
 *	spawn pooled [N]	create and join, one after the other, warmed up
 *	spawn cold [N]		N created, then N joined, in a fresh process
 *	spawn alive [N]		N created that all stay, parked on a semaphore
 *
 * us is the time for one thread: of create and join for pooled and cold, of
 * create alone for alive, where parked_us adds the time until all have parked.
 */

#include "bench.h"

#include <semaphore.h>

static sem_t arrived, gate;

static void *
nothing(void *arg)
{
	return arg;
}

static void *
stay(void *arg)
{
	sem_post(&arrived);
	sem_wait(&gate);
	return arg;
}

static void
join(pthread_t thread)
{
	int rc = pthread_join(thread, NULL);

	if (rc)
		die("pthread_join", rc);
}

static void
pooled(long n)
{
	int64_t start = 0;

	for (long i = -n / 20; i < n; i++) {
		if (i == 0)
			start = now_ns();
		join(spawn(nothing, NULL));
	}
	printf("us %.4f\n", (now_ns() - start) / 1e3 / n);
}

static void
cold(long n)
{
	pthread_t *threads = allocate(n, sizeof(*threads));
	int64_t start = now_ns();

	for (long i = 0; i < n; i++)
		threads[i] = spawn(nothing, NULL);
	for (long i = 0; i < n; i++)
		join(threads[i]);
	printf("us %.4f\n", (now_ns() - start) / 1e3 / n);
	free(threads);
}

static void
alive(long n)
{
	pthread_t *threads = allocate(n, sizeof(*threads));
	int64_t start;

	sem_init(&arrived, 0, 0);
	sem_init(&gate, 0, 0);
	start = now_ns();
	for (long i = 0; i < n; i++)
		threads[i] = spawn(stay, NULL);
	printf("us %.4f\n", (now_ns() - start) / 1e3 / n);
	for (long i = 0; i < n; i++)
		sem_wait(&arrived);
	printf("parked_us %.4f\n", (now_ns() - start) / 1e3 / n);
	for (long i = 0; i < n; i++)
		sem_post(&gate);
	for (long i = 0; i < n; i++)
		join(threads[i]);
	free(threads);
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "pooled") == 0)
		pooled(arg_number(argc, argv, 2, 20000));
	else if (strcmp(mode, "cold") == 0)
		cold(arg_number(argc, argv, 2, 2000));
	else if (strcmp(mode, "alive") == 0)
		alive(arg_number(argc, argv, 2, 10000));
	else {
		fprintf(stderr, "usage: spawn pooled|cold|alive [N]\n");
		return 2;
	}
	return 0;
}
