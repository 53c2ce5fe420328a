/* SPDX-License-Identifier: MIT */
/* Disabled and deferred cancellation; pending before the first point. */
#include "t.h"

static sem_t go, ready;

static void
cleanup(void *arg)
{
	say("cleanup %s", (const char *)arg);
}

static void *
disabled(void *arg)
{
	int old;

	E(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
	say("was enabled: %d", old == PTHREAD_CANCEL_ENABLE);
	sem_post(&ready);
	sem_wait(&go);
	ms(20);
	pthread_testcancel();
	say("still here");
	E(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old));
	say("was disabled: %d", old == PTHREAD_CANCEL_DISABLE);
	pthread_cleanup_push(cleanup, "disabled");
	ms(20);
	say("not reached");
	pthread_cleanup_pop(0);
	return arg;
}

static void *
deferred(void *arg)
{
	volatile double x = 1;
	int old;

	E(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
	E(pthread_setcanceltype(99, &old));
	E(pthread_setcancelstate(99, &old));
	sem_post(&ready);
	/* Not a cancellation point, however long. */
	for (int i = 0; i < 20000000; i++)
		x = x * 1.0000001;
	/* Neither is a mutex. */
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&m);
	pthread_mutex_unlock(&m);
	say("computed");
	pthread_cleanup_push(cleanup, "deferred");
	read(-1, NULL, 0);
	say("not reached");
	pthread_cleanup_pop(0);
	return arg;
}

static void *
mutex_wait(void *arg)
{
	sem_post(&ready);
	pthread_mutex_lock(arg);
	say("got the mutex");
	pthread_mutex_unlock(arg);
	pthread_testcancel();
	say("not reached");
	return arg;
}

static void *
self_cancel(void *arg)
{
	E(pthread_cancel(pthread_self()));
	say("after cancelling itself");
	pthread_testcancel();
	say("not reached");
	return arg;
}

static void *
async(void *arg)
{
	int old;

	E(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old));
	sem_post(&ready);
	for (;;)
		sched_yield();
	return arg;
}

static void
run(const char *what, thread_fn fn, int cancel, void *arg)
{
	pthread_t t;

	say("-- %s", what);
	t = spawn(fn, arg);
	if (cancel) {
		sem_wait(&ready);
		if (arg)
			settle();
		MUST(pthread_cancel(t) == 0);
		MUST(pthread_cancel(t) == 0);
		sem_post(&go);
		if (arg)
			MUST(pthread_mutex_unlock(arg) == 0);
	}
	int canceled = join(t) == PTHREAD_CANCELED;

	say("canceled %d", canceled);
}

int
main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;

	sem_init(&go, 0, 0);
	sem_init(&ready, 0, 0);
	run("disabled", disabled, 1, NULL);
	sem_trywait(&go);
	run("deferred", deferred, 1, NULL);
	pthread_mutex_lock(&m);
	run("mutex", mutex_wait, 1, &m);
	run("itself", self_cancel, 0, NULL);
	run("asynchronous", async, 1, NULL);
	say("-- ended already");
	t = spawn(self_cancel, NULL);
	settle();
	E(pthread_cancel(t));
	say("canceled %d", join(t) == PTHREAD_CANCELED);
	return 0;
}
