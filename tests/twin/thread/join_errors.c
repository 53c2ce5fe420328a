/* SPDX-License-Identifier: MIT */
/* What join and detach refuse. */
#include "t.h"

static sem_t go;

static void *
self_join(void *arg)
{
	E(pthread_join(pthread_self(), NULL));
	return arg;
}

static void *
waits(void *arg)
{
	sem_wait(&go);
	return arg;
}

int
main(void)
{
	pthread_attr_t attr;
	pthread_t t;

	sem_init(&go, 0, 0);
	E(pthread_join(pthread_self(), NULL));
	join(spawn(self_join, NULL));
	join(spawn_kernel(self_join, NULL));

	say("-- detached");
	t = spawn(waits, NULL);
	E(pthread_detach(t));
	E(pthread_detach(t));
	E(pthread_join(t, NULL));
	E(pthread_tryjoin_np(t, NULL));
	sem_post(&go);
	pthread_attr_init(&attr);
	E(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	E(pthread_attr_setdetachstate(&attr, 99));
	MUST(pthread_create(&t, &attr, waits, NULL) == 0);
	E(pthread_join(t, NULL));
	E(pthread_detach(t));
	sem_post(&go);
	return 0;
}
