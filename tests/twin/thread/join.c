/* SPDX-License-Identifier: MIT */
/* Join: values, several threads, from green, kernel and main. */
#include "t.h"

static void *
ret(void *arg)
{
	if ((intptr_t)arg % 3 == 0)
		usleep(1000);
	return (void *)((intptr_t)arg * 2);
}

static void *
parent(void *arg)
{
	pthread_t t[10];
	intptr_t sum = 0;

	for (intptr_t i = 0; i < 10; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(ret, (void *)i)
				  : spawn(ret, (void *)i);
	for (int i = 9; i >= 0; i--)
		sum += (intptr_t)join(t[i]);
	return (void *)sum;
}

static void *
joins(void *arg)
{
	return join(*(pthread_t *)arg);
}

int
main(void)
{
	pthread_t t[10], u;
	intptr_t sum = 0;

	say("main %ld", (long)(intptr_t)parent(NULL));
	say("green %ld", (long)(intptr_t)join(spawn(parent, NULL)));
	say("kernel %ld", (long)(intptr_t)join(spawn_kernel(parent, NULL)));
	for (int i = 0; i < 10; i++)
		t[i] = i % 3 == 0 ? spawn_kernel(parent, NULL)
				  : spawn(parent, NULL);
	for (int i = 0; i < 10; i++)
		sum += (intptr_t)join(t[i]);
	say("nested %ld", (long)sum);
	/* Ended long ago. */
	u = spawn(ret, (void *)21);
	settle();
	say("late %ld", (long)(intptr_t)join(u));
	/* A kernel thread joins a green one and the other way round. */
	u = spawn(ret, (void *)3);
	say("crossed %ld", (long)(intptr_t)join(spawn_kernel(joins, &u)));
	u = spawn_kernel(ret, (void *)3);
	say("crossed %ld", (long)(intptr_t)join(spawn(joins, &u)));
	E(pthread_join(spawn(ret, NULL), NULL));
	return 0;
}
