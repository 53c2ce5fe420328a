/* SPDX-License-Identifier: MIT */
/*
 * The concurrent prime sieve: a chain of threads, one for each prime, that
 * hand numbers on through one-place channels of mutex and condition variable.
 *
 *	cc -O2 -pthread -o 03-sieve 03-sieve.c
 *	./03-sieve 500
 *	mixio run ./03-sieve 500
 *
 * Prints the last prime found. Ends by exit() with all threads still parked.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct channel {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* full or empty now */
	bool full;
	int value;
};

struct filter {
	struct channel *in, *out;
	int prime; /* multiples of it are dropped */
};

static void *
allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

static struct channel *
channel_new(void)
{
	struct channel *ch = allocate(sizeof(*ch));

	pthread_mutex_init(&ch->lock, NULL);
	pthread_cond_init(&ch->changed, NULL);
	return ch;
}

static void
channel_put(struct channel *ch, int value)
{
	pthread_mutex_lock(&ch->lock);
	while (ch->full)
		pthread_cond_wait(&ch->changed, &ch->lock);
	ch->full = true;
	ch->value = value;
	pthread_cond_broadcast(&ch->changed);
	pthread_mutex_unlock(&ch->lock);
}

static int
channel_get(struct channel *ch)
{
	int value;

	pthread_mutex_lock(&ch->lock);
	while (!ch->full)
		pthread_cond_wait(&ch->changed, &ch->lock);
	ch->full = false;
	value = ch->value;
	pthread_cond_broadcast(&ch->changed);
	pthread_mutex_unlock(&ch->lock);
	return value;
}

static void
start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, fn, arg);

	if (rc) {
		fprintf(stderr, "03-sieve: pthread_create: %s\n", strerror(rc));
		exit(1);
	}
	pthread_detach(thread);
}

static void *
generate(void *arg)
{
	for (int i = 2;; i++)
		channel_put(arg, i);
	return NULL;
}

static void *
filter(void *arg)
{
	struct filter *f = arg;

	for (;;) {
		int n = channel_get(f->in);

		if (n % f->prime)
			channel_put(f->out, n);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 500, prime = 0;
	struct channel *ch = channel_new();

	if (count < 1 || argc > 2) {
		fprintf(stderr, "usage: 03-sieve [COUNT]\n");
		return 2;
	}
	start(generate, ch);
	for (int i = 0; i < count; i++) {
		struct filter *f = allocate(sizeof(*f));

		prime = channel_get(ch);
		*f = (struct filter){ ch, channel_new(), prime };
		start(filter, f);
		ch = f->out;
	}
	printf("prime number %d is %d\n", count, prime);
	return 0;
}
