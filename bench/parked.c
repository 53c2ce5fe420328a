/* SPDX-License-Identifier: MIT */
/*
 * Memory of a parked thread.
 *
 *	parked [N]
 *
 * Prints, for each of N threads that wait on a semaphore, the memory resident
 * in user space and, from /proc/meminfo, what the kernel took; both in KiB.
 * The latter counts the whole machine: it wants a quiet one.
 */

#include "bench.h"

#include <semaphore.h>

static sem_t arrived, gate;

static void *
stay(void *arg)
{
	sem_post(&arrived);
	sem_wait(&gate);
	return arg;
}

/* The sum of the lines of a /proc file that begin with one of the names. */
static long
sum_of(const char *path, const char *const *names)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long sum = 0;

	if (!file)
		die(path, errno);
	while (fgets(line, sizeof(line), file))
		for (const char *const *name = names; *name; name++)
			if (strncmp(line, *name, strlen(*name)) == 0)
				sum += atol(line + strlen(*name));
	fclose(file);
	return sum;
}

static long
resident(void)
{
	static const char *const names[] = { "Rss:", NULL };

	/* Exact, where /proc/self/statm may lag by pages per CPU. */
	return sum_of("/proc/self/smaps_rollup", names);
}

static long
kernel(void)
{
	static const char *const names[] = { "KernelStack:", "PageTables:",
					     "SUnreclaim:", NULL };

	return sum_of("/proc/meminfo", names);
}

static void
settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, 1, 10000);
	pthread_t *threads = allocate(n, sizeof(*threads));
	long user_kb, kernel_kb;

	memset(threads, 1, n * sizeof(*threads)); /* resident before */
	sem_init(&arrived, 0, 0);
	sem_init(&gate, 0, 0);
	/* What the first thread alone brings is not counted. */
	threads[0] = spawn(stay, NULL);
	sem_wait(&arrived);
	settle();
	user_kb = resident();
	kernel_kb = kernel();
	for (long i = 1; i < n; i++)
		threads[i] = spawn(stay, NULL);
	for (long i = 1; i < n; i++)
		sem_wait(&arrived);
	settle();
	printf("user_kb %.3f\n", (double)(resident() - user_kb) / (n - 1));
	printf("kernel_kb %.3f\n", (double)(kernel() - kernel_kb) / (n - 1));
	for (long i = 0; i < n; i++)
		sem_post(&gate);
	for (long i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
