/* SPDX-License-Identifier: MIT */
/* A thread that spins on sched_yield lets the others run. */
#include "t.h"

static int flag, turn, trace_n;
static char trace[64];

static void *
sets(void *arg)
{
	__atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void *
alternate(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 20; i++) {
		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) % 3 != me)
			sched_yield();
		trace[trace_n++] = 'a' + me;
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t = spawn(sets, NULL), u[3];

	while (!__atomic_load_n(&flag, __ATOMIC_SEQ_CST))
		sched_yield();
	join(t);
	say("flag seen");
	u[0] = spawn(alternate, (void *)0);
	u[1] = spawn_kernel(alternate, (void *)1);
	u[2] = spawn(alternate, (void *)2);
	for (int i = 0; i < 3; i++)
		join(u[i]);
	say("%s", trace);
	return 0;
}
