/* SPDX-License-Identifier: MIT */
/* twin: expect */
/*
 * A thread that computes runs after those that do not, even if it was woken
 * first: one that comes back for a lock too early keeps out those to whom it
 * has just given it. But it does run when the others do not stop.
 *
 * No native oracle: with two processors both run at once.
 */
#include "t.h"

static sem_t again, turn, more;
static volatile int ticks, resting, over;
static char trail[8];
static int len;

static void
mark(char c)
{
	trail[__atomic_fetch_add(&len, 1, __ATOMIC_SEQ_CST)] = c;
}

static void *
busy(void *arg)
{
	int seen = ticks;
	double begin;

	/* Until the others have gone on without us, and for long after that. */
	while (ticks == seen)
		;
	for (begin = now(); now() < begin + 0.1;)
		;
	resting = 1;
	sem_wait(&again);
	mark('b');
	return arg;
}

static void *
quick(void *arg)
{
	sem_wait(&turn);
	mark('q');
	sem_post(&more);
	return arg;
}

static void *
third(void *arg)
{
	sem_wait(&more);
	mark('t');
	return arg;
}

static void *
restless(void *arg)
{
	while (!over)
		sched_yield();
	return arg;
}

int
main(void)
{
	pthread_t b, q, t, r[2];

	alarm(60);
	sem_init(&again, 0, 0);
	sem_init(&turn, 0, 0);
	sem_init(&more, 0, 0);
	b = spawn(busy, NULL);
	q = spawn(quick, NULL);
	t = spawn(third, NULL);
	while (!resting) {
		ms(1);
		ticks++;
	}
	ms(20);
	sem_post(&again);
	sem_post(&turn);
	join(b);
	join(q);
	join(t);
	say("%s", trail);

	len = resting = 0;
	b = spawn(busy, NULL);
	for (int i = 0; i < 2; i++)
		r[i] = spawn(restless, NULL);
	while (!resting) {
		ms(1);
		ticks++;
	}
	sem_post(&again);
	join(b);
	over = 1;
	for (int i = 0; i < 2; i++)
		join(r[i]);
	say("it ran");
	return 0;
}
