/* SPDX-License-Identifier: MIT */
/* twin: trace stderr */
/*
 * Who gets what in which order: a baton that goes round, a rendezvous, a queue
 * of one place. Nothing is printed but the sum; the order of events is the test.
 */
#include "t.h"

#define N 5
#define ROUNDS 4

static sem_t turn[N];
static pthread_barrier_t barrier;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int place, full, done;

static void *
runner(void *arg)
{
	int me = (int)(intptr_t)arg;
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "runner %d", me);
	for (int i = 0; i < ROUNDS; i++) {
		while (sem_wait(&turn[me]) != 0)
			;
		/* Alone with the baton: the order among all is certain. */
		trace_event("", "%d has the baton in round %d", me, i);
		trace_event(name, "round %d, %p", i, (void *)&turn[me]);
		sem_post(&turn[(me + 1) % N]);
	}
	rc = pthread_barrier_wait(&barrier);
	trace_event(name, "over the barrier");
	return (void *)(intptr_t)(rc == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void *
puts_in(void *arg)
{
	for (int i = 0; i < 10; i++) {
		pthread_mutex_lock(&m);
		while (full)
			pthread_cond_wait(&changed, &m);
		place = i;
		full = 1;
		trace_event("", "in %d", i);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&m);
	}
	return arg;
}

static void *
takes_out(void *arg)
{
	int sum = 0;

	for (int i = 0; i < 10; i++) {
		pthread_mutex_lock(&m);
		while (!full)
			pthread_cond_wait(&changed, &m);
		sum += place;
		full = 0;
		trace_event("", "out %d", place);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&m);
	}
	done = sum;
	return arg;
}

int
main(void)
{
	pthread_t t[N], a, b;
	int serial = 0;

	pthread_barrier_init(&barrier, NULL, N);
	for (int i = 0; i < N; i++)
		sem_init(&turn[i], 0, i == 0);
	for (intptr_t i = 0; i < N; i++)
		t[i] = i == 3 ? spawn_kernel(runner, (void *)i)
			      : spawn(runner, (void *)i);
	for (int i = 0; i < N; i++)
		serial += (int)(intptr_t)join(t[i]);
	a = spawn(puts_in, NULL);
	b = spawn(takes_out, NULL);
	join(a);
	join(b);
	fprintf(stderr, "process %d is through\n", getpid());
	say("serial %d, sum %d", serial, done);
	return 0;
}
