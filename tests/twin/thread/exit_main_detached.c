/* SPDX-License-Identifier: MIT */
/* pthread_exit in main while detached and kernel threads run on. */
#include "t.h"

static sem_t a, b;

static void *
first(void *arg)
{
	settle();
	say("first");
	sem_post(&a);
	return arg;
}

static void *
second(void *arg)
{
	sem_wait(&a);
	usleep(500);
	say("second");
	sem_post(&b);
	return arg;
}

static void *
third(void *arg)
{
	sem_wait(&b);
	settle();
	say("third");
	return arg;
}

int
main(void)
{
	sem_init(&a, 0, 0);
	sem_init(&b, 0, 0);
	pthread_detach(spawn(first, NULL));
	pthread_detach(spawn_kernel(second, NULL));
	pthread_detach(spawn(third, NULL));
	pthread_exit(NULL);
}
