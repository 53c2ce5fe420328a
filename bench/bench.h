/* SPDX-License-Identifier: MIT */
/*
 * What the C benchmarks share. Each of them is a plain POSIX program that
 * knows nothing of mixio and prints lines of "key value" for bench/run.
 */

#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static inline void
die(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(1);
}

static inline pthread_t
spawn(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, fn, arg);

	if (rc)
		die("pthread_create", rc);
	return thread;
}

static inline void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("calloc", ENOMEM);
	return p;
}

/* A positive number out of the arguments, or the default. */
static inline long
arg_number(int argc, char **argv, int i, long otherwise)
{
	char *end;
	long n;

	if (i >= argc)
		return otherwise;
	n = strtol(argv[i], &end, 10);
	if (n <= 0 || *end) {
		fprintf(stderr, "%s: %s is no positive number\n", argv[0],
			argv[i]);
		exit(2);
	}
	return n;
}

static inline int
compare_int64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Prints median, 99th percentile and maximum in units of @unit ns. */
static inline void
print_spread(int64_t *v, size_t n, double unit)
{
	qsort(v, n, sizeof(*v), compare_int64);
	printf("p50 %.3f\np99 %.3f\nmax %.3f\n", v[n / 2] / unit,
	       v[(n - 1) * 99 / 100] / unit, v[n - 1] / unit);
}

#endif
