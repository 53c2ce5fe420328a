/* SPDX-License-Identifier: MIT */
/*
 * A ring of threads, joined by pipes, passes a token round.
 *
 *	cc -O2 -pthread -o 02-ring 02-ring.c
 *	./02-ring 1000 100		1,000 threads, 100 rounds
 *	mixio run ./02-ring 1000 100
 *
 * Every step is a blocking write() to one pipe and a blocking read() from
 * another; each thread adds one to the token.
 */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int (*pipes)[2];
static int threads, rounds;

static void *
member(void *arg)
{
	int self = (intptr_t)arg;
	uint64_t token;

	for (int i = 0; i < rounds; i++) {
		if (read(pipes[self][0], &token, sizeof(token)) !=
		    sizeof(token))
			abort();
		token++;
		if (write(pipes[self + 1][1], &token, sizeof(token)) !=
		    sizeof(token))
			abort();
	}
	return NULL;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	uint64_t token = 0, steps;
	pthread_t *ids;
	struct rlimit fds;
	double start;

	threads = argc > 1 ? atoi(argv[1]) : 1000;
	rounds = argc > 2 ? atoi(argv[2]) : 100;
	if (threads < 1 || rounds < 1 || argc > 3) {
		fprintf(stderr, "usage: 02-ring [THREADS [ROUNDS]]\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	pipes = calloc(threads + 1, sizeof(*pipes));
	ids = calloc(threads, sizeof(*ids));
	if (!pipes || !ids)
		return 1;
	for (int i = 0; i <= threads; i++)
		if (pipe(pipes[i]) < 0) {
			perror("02-ring: pipe");
			return 1;
		}
	for (int i = 0; i < threads; i++) {
		int rc = pthread_create(&ids[i], NULL, member,
					(void *)(intptr_t)i);

		if (rc) {
			fprintf(stderr, "02-ring: pthread_create: %s\n",
				strerror(rc));
			return 1;
		}
	}

	/* main() joins the ring's ends: pipe 0 is the way in. */
	start = now();
	for (int i = 0; i < rounds; i++) {
		if (write(pipes[0][1], &token, sizeof(token)) !=
			    sizeof(token) ||
		    read(pipes[threads][0], &token, sizeof(token)) !=
			    sizeof(token)) {
			perror("02-ring");
			return 1;
		}
	}
	steps = (uint64_t)threads * rounds;
	if (token != steps) {
		fprintf(stderr, "02-ring: token is %llu, not %llu\n",
			(unsigned long long)token, (unsigned long long)steps);
		return 1;
	}
	printf("%llu steps, %.2f us each\n", (unsigned long long)steps,
	       (now() - start) / steps * 1e6);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
