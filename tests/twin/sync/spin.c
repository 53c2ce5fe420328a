/* SPDX-License-Identifier: MIT */
/* Spin locks, also with an owner that sleeps while others spin. */
#include "t.h"

static pthread_spinlock_t l;
static long count;

static void *
work(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_spin_lock(&l);
		long c = count;
		if (i == 50)
			usleep(1000);
		count = c + 1;
		pthread_spin_unlock(&l);
	}
	return arg;
}

static void *
try_it(void *arg)
{
	E(pthread_spin_trylock(&l));
	return arg;
}

int
main(void)
{
	pthread_t t[10];

	E(pthread_spin_init(&l, PTHREAD_PROCESS_PRIVATE));
	E(pthread_spin_lock(&l));
	join(spawn(try_it, NULL));
	E(pthread_spin_unlock(&l));
	for (int i = 0; i < 10; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < 10; i++)
		join(t[i]);
	say("count %ld", count);
	E(pthread_spin_destroy(&l));
	return 0;
}
