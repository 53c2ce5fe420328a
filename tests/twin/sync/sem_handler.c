/* SPDX-License-Identifier: MIT */
/* sem_post in a signal handler wakes a parked thread. */
#include <sys/time.h>

#include "t.h"

static sem_t s;
static int got;

static void
tick(int sig)
{
	(void)sig;
	sem_post(&s);
}

static void *
waiter(void *arg)
{
	for (int i = 0; i < 20; i++) {
		while (sem_wait(&s) != 0)
			;
		__atomic_add_fetch(&got, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

int
main(void)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };
	pthread_t t, k;

	sem_init(&s, 0, 0);
	catch_signal(SIGALRM, tick, SA_RESTART);
	t = spawn(waiter, NULL);
	k = spawn_kernel(waiter, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	join(t);
	join(k);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	say("got %d", got);
	return 0;
}
