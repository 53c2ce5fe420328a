/* SPDX-License-Identifier: MIT */
/* A robust mutex whose owner ends: EOWNERDEAD, then consistent or not. */
#include "t.h"

static pthread_mutex_t m;

static void *
owner(void *arg)
{
	E(pthread_mutex_lock(&m));
	return arg;
}

static void *
next(void *arg)
{
	E(pthread_mutex_lock(&m));
	if (arg)
		E(pthread_mutex_consistent(&m));
	E(pthread_mutex_unlock(&m));
	return NULL;
}

int
main(void)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	E(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
	E(pthread_mutex_init(&m, &a));
	join(spawn_kernel(owner, NULL));
	join(spawn(next, &m));
	say("-- and again");
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_unlock(&m));
	join(spawn(owner, NULL));
	join(spawn(next, &m));
	say("-- not made consistent");
	join(spawn(owner, NULL));
	join(spawn(next, NULL));
	join(spawn(next, NULL));
	E(pthread_mutex_destroy(&m));
	return 0;
}
