/* SPDX-License-Identifier: MIT */
/* pthread_kill to threads that are parked: handler in that thread, EINTR. */
#include "t.h"

static sem_t ready;
static __thread volatile sig_atomic_t mine;
static int sv[2];
static sem_t sem;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void
handler(int sig)
{
	mine++;
}

static void *
sleeps(void *arg)
{
	struct timespec ts = { 20, 0 };
	int r;

	sem_post(&ready);
	r = nanosleep(&ts, NULL);
	say("nanosleep %d %s, handled %d", r, r ? ename(errno) : "", (int)mine);
	return arg;
}

static void *
receives(void *arg)
{
	char b;
	ssize_t r;

	sem_post(&ready);
	r = recv(sv[0], &b, 1, 0);
	say("recv %zd %s, handled %d", r, r < 0 ? ename(errno) : "", (int)mine);
	return arg;
}

static void *
waits_sem(void *arg)
{
	int r;

	sem_post(&ready);
	r = sem_wait(&sem);
	say("sem_wait %d %s, handled %d", r, r ? ename(errno) : "", (int)mine);
	return arg;
}

static void *
locks(void *arg)
{
	int r;

	sem_post(&ready);
	r = pthread_mutex_lock(&m);
	say("mutex %d, handled %d", r, (int)mine);
	pthread_mutex_unlock(&m);
	return arg;
}

static void *
pauses(void *arg)
{
	int r;

	sem_post(&ready);
	r = pause();
	say("pause %d %s, handled %d", r, ename(errno), (int)mine);
	return arg;
}

static void *
computes(void *arg)
{
	sem_post(&ready);
	while (mine == 0)
		;
	say("computing, handled %d", (int)mine);
	return arg;
}

static void
run(thread_fn fn)
{
	for (int kernel = 0; kernel < 2; kernel++) {
		pthread_t t = kernel ? spawn_kernel(fn, NULL) : spawn(fn, NULL);

		sem_wait(&ready);
		settle();
		MUST(pthread_kill(t, SIGUSR1) == 0);
		if (fn == locks) {
			settle();
			pthread_mutex_unlock(&m);
		}
		join(t);
		if (fn == locks)
			pthread_mutex_lock(&m);
	}
}

int
main(void)
{
	sem_init(&ready, 0, 0);
	sem_init(&sem, 0, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	catch_signal(SIGUSR1, handler, 0);
	pthread_mutex_lock(&m);
	run(sleeps);
	run(receives);
	run(waits_sem);
	run(locks);
	run(pauses);
	run(computes);
	say("main's %d", (int)mine);
	return 0;
}
