/* SPDX-License-Identifier: MIT */
/* Readers together, writers alone; try, errors and both preferences. */
#include "t.h"

static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
static int readers, writers, bad;
static long writes;

static void *
reader(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_rwlock_rdlock(&l);
		__atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&writers, __ATOMIC_SEQ_CST))
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		if (i % 20 == 0)
			usleep(50);
		__atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
		pthread_rwlock_unlock(&l);
	}
	return arg;
}

static void *
writer(void *arg)
{
	for (int i = 0; i < 50; i++) {
		pthread_rwlock_wrlock(&l);
		if (__atomic_add_fetch(&writers, 1, __ATOMIC_SEQ_CST) != 1 ||
		    __atomic_load_n(&readers, __ATOMIC_SEQ_CST))
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		if (i % 10 == 0)
			usleep(50);
		writes++;
		__atomic_sub_fetch(&writers, 1, __ATOMIC_SEQ_CST);
		pthread_rwlock_unlock(&l);
	}
	return arg;
}

static void *
tries(void *arg)
{
	E(pthread_rwlock_tryrdlock(&l));
	E(pthread_rwlock_trywrlock(&l));
	return arg;
}

int
main(void)
{
	pthread_rwlockattr_t a;
	pthread_t t[24];

	E(pthread_rwlock_wrlock(&l));
	E(pthread_rwlock_wrlock(&l));
	E(pthread_rwlock_rdlock(&l));
	join(spawn(tries, NULL));
	E(pthread_rwlock_unlock(&l));
	E(pthread_rwlock_rdlock(&l));
	E(pthread_rwlock_rdlock(&l));
	E(pthread_rwlock_trywrlock(&l));
	E(pthread_rwlock_unlock(&l));
	E(pthread_rwlock_unlock(&l));

	for (int pref = 0; pref < 2; pref++) {
		pthread_rwlock_destroy(&l);
		pthread_rwlockattr_init(&a);
		pthread_rwlockattr_setkind_np(
			&a, pref ? PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
				 : PTHREAD_RWLOCK_PREFER_READER_NP);
		pthread_rwlock_init(&l, &a);
		writes = 0;
		for (int i = 0; i < 24; i++)
			t[i] = (i % 5 == 0 ? spawn_kernel : spawn)(
				i % 3 == 0 ? writer : reader, NULL);
		for (int i = 0; i < 24; i++)
			join(t[i]);
		say("writes %ld, bad %d", writes, bad);
	}
	return 0;
}
