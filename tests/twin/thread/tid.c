/* SPDX-License-Identifier: MIT */
/*
 * A thread's number is not that of the one before: neither gettid() nor a mutex
 * that an ended thread still holds takes the next thread for the last one.
 */
#include "t.h"

static pthread_mutex_t recursive, errorcheck;
static pid_t tid;

static void *
number(void *arg)
{
	(void)arg;
	tid = (pid_t)syscall(SYS_gettid);
	return NULL;
}

static void *
take(void *arg)
{
	say("  first: recursive %s, errorcheck %s",
	    ename(pthread_mutex_lock(&recursive)),
	    ename(pthread_mutex_lock(&errorcheck)));
	return arg;
}

static void *
try(void *arg)
{
	say("  next: recursive %s, errorcheck %s, unlock %s and %s",
	    ename(pthread_mutex_trylock(&recursive)),
	    ename(pthread_mutex_trylock(&errorcheck)),
	    ename(pthread_mutex_unlock(&recursive)),
	    ename(pthread_mutex_unlock(&errorcheck)));
	return arg;
}

static void
run(void *(*fn)(void *), size_t stack)
{
	pthread_attr_t attr;
	pthread_t pt;

	pthread_attr_init(&attr);
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	pthread_create(&pt, &attr, fn, NULL);
	pthread_join(pt, NULL);
	pthread_attr_destroy(&attr);
}

static void
mutex(pthread_mutex_t *m, int type)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void
numbers(const char *what, size_t stack)
{
	pid_t seen[100];
	int i, j, same = 0;

	for (i = 0; i < 100; i++) {
		run(number, stack);
		seen[i] = tid;
		for (j = 0; j < i; j++)
			same += seen[j] == tid;
		same += tid == getpid();
	}
	say("%s: %d numbers came twice", what, same);
	mutex(&recursive, PTHREAD_MUTEX_RECURSIVE);
	mutex(&errorcheck, PTHREAD_MUTEX_ERRORCHECK);
	run(take, stack);
	run(try, stack);
}

int
main(void)
{
	numbers("usual stack", 0);
	numbers("stack of its own size", 1 << 20);
	return 0;
}
