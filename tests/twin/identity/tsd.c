/* SPDX-License-Identifier: MIT */
/* Thread-specific data: destructors, four iterations, second-level keys. */
#include <limits.h>

#include "t.h"

#define KEYS 100

static pthread_key_t key, again, keys[KEYS], late;
static int runs, sum, not_null;

static void
once_more(void *p)
{
	/* Set again each time: the library gives up after the 4th. */
	runs++;
	pthread_setspecific(again, p);
}

static void
count(void *p)
{
	sum += (int)(intptr_t)p;
	/* A destructor may park and may use other keys. */
	usleep(10);
	if (pthread_getspecific(key) != NULL)
		not_null++;
}

static void
print(void *p)
{
	say("destructor of %s", (char *)p);
	say("own value gone: %d", pthread_getspecific(key) == NULL);
	pthread_setspecific(late, "late");
}

static void *
work(void *arg)
{
	if (pthread_getspecific(key) || pthread_getspecific(again))
		not_null++;
	for (int i = 0; i < KEYS; i++) {
		if (pthread_getspecific(keys[i]))
			not_null++;
		pthread_setspecific(keys[i], (void *)(intptr_t)(i + 1));
	}
	usleep(100);
	for (int i = 0; i < KEYS; i++)
		if (pthread_getspecific(keys[i]) != (void *)(intptr_t)(i + 1))
			not_null++;
	return arg;
}

static void *
rearm(void *arg)
{
	pthread_setspecific(again, arg);
	return arg;
}

static void *
printing(void *arg)
{
	pthread_setspecific(key, arg);
	usleep(10);
	say("value %s", (char *)pthread_getspecific(key));
	if (arg)
		pthread_exit(arg);
	return NULL;
}

int
main(void)
{
	pthread_t t[10];

	E(pthread_key_create(&again, once_more));
	E(pthread_key_create(&key, print));
	E(pthread_key_create(&late, print));
	for (int i = 0; i < KEYS; i++)
		MUST(pthread_key_create(&keys[i], count) == 0);
	for (int round = 0; round < 3; round++) {
		sum = 0;
		for (int i = 0; i < 10; i++) {
			t[i] = spawn(work, NULL);
			join(t[i]);
		}
		say("sum %d, not null %d", sum, not_null);
		runs = 0;
		join(spawn(rearm, &runs));
		say("runs of the stubborn destructor: %d of %d", runs,
		    PTHREAD_DESTRUCTOR_ITERATIONS);
	}
	join(spawn(printing, "one"));
	join(spawn_kernel(printing, "two"));
	E(pthread_key_delete(key));
	E(pthread_setspecific(key, "x"));
	E(pthread_key_delete(key));
	/* Main's values are not destroyed by exit. */
	pthread_setspecific(late, "main");
	return 0;
}
