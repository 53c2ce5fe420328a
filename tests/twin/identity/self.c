/* SPDX-License-Identifier: MIT */
/* pthread_self, pthread_equal, gettid, getpid: distinct and stable. */
#include <sys/syscall.h>

#include "t.h"

#define N 100

static pthread_t selves[N];
static pid_t tids[N];
static pthread_barrier_t b;
static int bad;

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;

	selves[k] = pthread_self();
	tids[k] = gettid();
	pthread_barrier_wait(&b);
	for (int i = 0; i < 5; i++) {
		usleep(100);
		if (!pthread_equal(selves[k], pthread_self()) ||
		    tids[k] != gettid() || tids[k] != syscall(SYS_gettid))
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	}
	pthread_barrier_wait(&b);
	return (void *)pthread_self();
}

int
main(void)
{
	pthread_t t[N], self = pthread_self();
	int same = 0, positive = 0, returned = 0;

	pthread_barrier_init(&b, NULL, N);
	for (intptr_t i = 0; i < N; i++)
		t[i] = i % 10 == 0 ? spawn_kernel(work, (void *)i)
				   : spawn(work, (void *)i);
	for (int i = 0; i < N; i++)
		returned += (pthread_t)join(t[i]) == t[i];
	for (int i = 0; i < N; i++) {
		positive += tids[i] > 0;
		same += selves[i] == self || tids[i] == getpid();
		for (int j = 0; j < i; j++)
			same += selves[i] == selves[j] || tids[i] == tids[j];
	}
	say("same %d, positive %d, unstable %d, handle is self %d", same,
	    positive, bad, returned);
	say("main: %d", gettid() == getpid());
	say("main's self: %d", pthread_equal(self, pthread_self()) != 0);
	return 0;
}
