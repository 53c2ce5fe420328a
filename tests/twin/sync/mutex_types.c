/* SPDX-License-Identifier: MIT */
/* What each type of mutex answers to its owner and to others. */
#include "t.h"

static pthread_mutex_t m;

static void *
other(void *arg)
{
	E(pthread_mutex_trylock(&m));
	E(pthread_mutex_unlock(&m));
	return arg;
}

static void
try_type(const char *name, int type)
{
	pthread_mutexattr_t a;

	say("-- %s", name);
	pthread_mutexattr_init(&a);
	E(pthread_mutexattr_settype(&a, type));
	E(pthread_mutex_init(&m, &a));
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_trylock(&m));
	if (type != PTHREAD_MUTEX_NORMAL)
		E(pthread_mutex_lock(&m));
	if (type != PTHREAD_MUTEX_NORMAL) {
		join(spawn(other, NULL));
		join(spawn_kernel(other, NULL));
	}
	settle();
	E(pthread_mutex_unlock(&m));
	if (type == PTHREAD_MUTEX_RECURSIVE) {
		E(pthread_mutex_unlock(&m));
		E(pthread_mutex_unlock(&m));
		E(pthread_mutex_unlock(&m));
	}
	if (type == PTHREAD_MUTEX_ERRORCHECK)
		E(pthread_mutex_unlock(&m));
	E(pthread_mutex_destroy(&m));
	pthread_mutexattr_destroy(&a);
}

static void *
all(void *arg)
{
	try_type("normal", PTHREAD_MUTEX_NORMAL);
	try_type("recursive", PTHREAD_MUTEX_RECURSIVE);
	try_type("errorcheck", PTHREAD_MUTEX_ERRORCHECK);
	return arg;
}

int
main(void)
{
	all(NULL);
	say("-- in a thread");
	join(spawn(all, NULL));
	pthread_mutex_init(&m, NULL);
	pthread_mutex_lock(&m);
	E(pthread_mutex_destroy(&m));
	return 0;
}
