/* SPDX-License-Identifier: MIT */
/* twin: cflags=-fopenmp timeout=60 */
/* OpenMP: its futexes are inline system calls that nobody can see. */
#include <omp.h>

#include "t.h"

static long
sums(void)
{
	long total = 0;

#pragma omp parallel for reduction(+ : total) num_threads(4)
	for (int i = 0; i < 100000; i++)
		total += i % 7;
#pragma omp parallel num_threads(4)
	{
#pragma omp barrier
#pragma omp critical
		total++;
#pragma omp barrier
	}
	return total;
}

static void *
work(void *arg)
{
	long total = 0;

	for (int i = 0; i < 5; i++)
		total += sums();
	say("total %ld", total);
	return arg;
}

int
main(void)
{
	work(NULL);
	join(spawn(work, NULL));
	return 0;
}
