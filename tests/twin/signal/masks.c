/* SPDX-License-Identifier: MIT */
/* Signal masks belong to the thread; inheritance; pending; unblocking. */
#include "t.h"

static __thread volatile sig_atomic_t mine;
static volatile sig_atomic_t all;
static sem_t ready, go;

static void
handler(int sig)
{
	mine++;
	all++;
}

static int
blocked(int sig)
{
	sigset_t s;

	pthread_sigmask(SIG_SETMASK, NULL, &s);
	return sigismember(&s, sig);
}

static void *
inherits(void *arg)
{
	say("inherited: %d %d", blocked(SIGUSR1), blocked(SIGUSR2));
	return arg;
}

static void *
blocks(void *arg)
{
	sigset_t s, p;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	sem_post(&ready);
	sem_wait(&go);
	/* Blocked here while it was sent to this thread. */
	sigpending(&p);
	say("pending %d, handled %d", sigismember(&p, SIGUSR1), (int)mine);
	for (int i = 0; i < 3; i++) {
		usleep(100);
		if (!blocked(SIGUSR1))
			say("mask lost");
	}
	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
	say("handled %d", (int)mine);
	sigpending(&p);
	say("pending %d", sigismember(&p, SIGUSR1));
	return arg;
}

static void *
own_mask(void *arg)
{
	int k = (int)(intptr_t)arg;
	sigset_t s;
	intptr_t bad = 0;

	sigemptyset(&s);
	sigaddset(&s, k % 2 ? SIGUSR1 : SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &s, NULL);
	for (int i = 0; i < 20; i++) {
		usleep(100);
		bad += blocked(SIGUSR1) != k % 2 || blocked(SIGUSR2) == k % 2;
	}
	return (void *)bad;
}

int
main(void)
{
	pthread_t t[10];
	intptr_t bad = 0;
	sigset_t s;

	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	catch_signal(SIGUSR1, handler, SA_RESTART);
	catch_signal(SIGUSR2, handler, SA_RESTART);
	join(spawn(inherits, NULL));
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	E(pthread_sigmask(SIG_BLOCK, &s, NULL));
	join(spawn(inherits, NULL));
	join(spawn_kernel(inherits, NULL));
	E(pthread_sigmask(99, &s, NULL));
	E(pthread_sigmask(99, NULL, NULL));
	for (int kernel = 0; kernel < 2; kernel++) {
		t[0] = kernel ? spawn_kernel(blocks, NULL)
			      : spawn(blocks, NULL);
		sem_wait(&ready);
		E(pthread_kill(t[0], SIGUSR1));
		settle();
		sem_post(&go);
		join(t[0]);
	}
	for (intptr_t i = 0; i < 10; i++)
		t[i] = i % 5 == 4 ? spawn_kernel(own_mask, (void *)i)
				  : spawn(own_mask, (void *)i);
	for (int i = 0; i < 10; i++)
		bad += (intptr_t)join(t[i]);
	say("bad %ld", (long)bad);
	say("main still blocks %d %d", blocked(SIGUSR1), blocked(SIGUSR2));
	/* Sent to the process while every thread blocks it. */
	raise(SIGUSR2);
	kill(getpid(), SIGUSR2);
	sigpending(&s);
	say("pending %d, main's %d", sigismember(&s, SIGUSR2), (int)mine);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
	say("main's %d", (int)mine);
	return 0;
}
