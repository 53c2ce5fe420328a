/* SPDX-License-Identifier: MIT */
/* timer_create: to a handler, to a new thread, to a waiting thread. */
/* twin: libs=-lrt */
#include "t.h"

static volatile sig_atomic_t handled;
static sem_t sem;
static int by_thread;

static void
handler(int sig)
{
	handled++;
}

static void
in_thread(union sigval v)
{
	__atomic_add_fetch(&by_thread, v.sival_int, __ATOMIC_SEQ_CST);
	sem_post(&sem);
}

int
main(void)
{
	struct itimerspec its = { { 0, 0 }, { 0, 30000000 } };
	struct sigevent ev = { 0 };
	timer_t t;

	sem_init(&sem, 0, 0);
	catch_signal(SIGRTMIN, handler, 0);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGRTMIN;
	R(timer_create(CLOCK_MONOTONIC, &ev, &t));
	R(timer_settime(t, 0, &its, NULL));
	while (handled == 0)
		ms(5);
	say("handled %d", (int)handled);
	R(timer_delete(t));
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_notify_function = in_thread;
	ev.sigev_value.sival_int = 5;
	R(timer_create(CLOCK_MONOTONIC, &ev, &t));
	its.it_interval.tv_nsec = 10000000;
	R(timer_settime(t, 0, &its, NULL));
	for (int i = 0; i < 3; i++)
		while (sem_wait(&sem) != 0)
			;
	R(timer_delete(t));
	say("by thread %d", by_thread >= 15);
	return 0;
}
