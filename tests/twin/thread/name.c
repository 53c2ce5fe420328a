/* SPDX-License-Identifier: MIT */
/* Names: set, get, too long, inherited, not shared. */
#include "t.h"

static sem_t go, ready;

static const char *
name(pthread_t t)
{
	static __thread char buf[16];
	int e = pthread_getname_np(t, buf, sizeof(buf));

	return e ? ename(e) : buf;
}

static void *
work(void *arg)
{
	say("new thread: %s", name(pthread_self()));
	E(pthread_setname_np(pthread_self(), arg));
	usleep(100);
	say("renamed: %s", name(pthread_self()));
	sem_post(&ready);
	sem_wait(&go);
	say("from outside: %s", name(pthread_self()));
	return NULL;
}

static void
with(pthread_t (*make)(thread_fn, void *))
{
	pthread_t t = make(work, "inner");

	sem_wait(&ready);
	say("seen by main: %s", name(t));
	E(pthread_setname_np(t, "outer"));
	say("seen by main: %s", name(t));
	sem_post(&go);
	join(t);
}

int
main(void)
{
	char small[4];

	sem_init(&go, 0, 0);
	sem_init(&ready, 0, 0);
	say("main: %s", name(pthread_self()));
	with(spawn);
	with(spawn_kernel);
	E(pthread_setname_np(pthread_self(), "boss"));
	with(spawn);
	say("main: %s", name(pthread_self()));
	E(pthread_setname_np(pthread_self(), "a name that is too long"));
	E(pthread_getname_np(pthread_self(), small, sizeof(small)));
	return 0;
}
