/* SPDX-License-Identifier: MIT */
/*
 * What a preloaded mixio costs a thread that has not opted in.
 *
 *	bystander [CALLS]
 *
 * Prints the ns of one call of functions that mixio takes over and that make
 * no system call here, the fastest of several batches. Run it with and without
 * LD_PRELOAD: the difference is the price.
 */

#include "bench.h"

#include <semaphore.h>

#define BATCHES 7

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem, gate;

static void
batch_mutex(long n)
{
	for (long i = 0; i < n; i += 2) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
}

static void
nothing(void)
{
}

static void
batch_once(long n)
{
	for (long i = 0; i < n; i++)
		pthread_once(&once, nothing);
}

static void
batch_cond_signal(long n)
{
	for (long i = 0; i < n; i++)
		pthread_cond_signal(&cond);
}

static void
batch_sem_post(long n)
{
	sem_init(&sem, 0, 0);
	for (long i = 0; i < n; i++)
		sem_post(&sem);
}

static void
batch_sem_wait(long n)
{
	sem_init(&sem, 0, n);
	for (long i = 0; i < n; i++)
		sem_wait(&sem);
}

static const struct {
	const char *name; /* key of the output */
	void (*run)(long calls);
} batches[] = {
	{ "mutex", batch_mutex },
	{ "once", batch_once },
	{ "cond_signal", batch_cond_signal },
	{ "sem_post", batch_sem_post },
	{ "sem_wait", batch_sem_wait },
};

static void *
idle(void *arg)
{
	sem_wait(&gate);
	return arg;
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, 1, 5000000);
	pthread_t thread;

	/* glibc spares a process with one thread its atomic instructions. */
	sem_init(&gate, 0, 0);
	thread = spawn(idle, NULL);
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		double best = 0;

		for (int k = 0; k < BATCHES; k++) {
			int64_t start = now_ns();
			double ns;

			batches[i].run(n);
			ns = (double)(now_ns() - start) / n;
			if (k == 0 || ns < best)
				best = ns;
		}
		printf("%s %.3f\n", batches[i].name, best);
	}
	sem_post(&gate);
	pthread_join(thread, NULL);
	return 0;
}
