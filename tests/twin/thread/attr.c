/* SPDX-License-Identifier: MIT */
/* Attributes: own stack, sizes, guard, what is refused. */
#include <limits.h>
#include <sys/mman.h>

#include "t.h"

static char *mine;
static size_t mine_size = 512 << 10;

static void *
on_own_stack(void *arg)
{
	char here;

	usleep(100);
	return &here > mine && &here < mine + mine_size ? arg : NULL;
}

static void *
nothing(void *arg)
{
	usleep(100);
	return arg;
}

int
main(void)
{
	pthread_attr_t a;
	pthread_t t;
	size_t n;
	void *p;

	E(pthread_attr_init(&a));
	E(pthread_attr_setstacksize(&a, 100));
	E(pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN));
	E(pthread_attr_setguardsize(&a, 0));
	E(pthread_create(&t, &a, nothing, NULL));
	E(pthread_join(t, NULL));
	E(pthread_attr_setguardsize(&a, 65536));
	E(pthread_attr_setstacksize(&a, 1 << 20));
	E(pthread_create(&t, &a, nothing, NULL));
	E(pthread_join(t, NULL));
	E(pthread_attr_getguardsize(&a, &n));
	say("guard %zu", n);
	E(pthread_attr_setstacksize(&a, (size_t)1 << 46));
	E(pthread_create(&t, &a, nothing, NULL));
	E(pthread_attr_destroy(&a));

	say("-- own stack");
	mine = mmap(NULL, mine_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	E(pthread_attr_init(&a));
	E(pthread_attr_setstack(&a, mine, 100));
	E(pthread_attr_setstack(&a, mine, mine_size));
	for (int i = 0; i < 20; i++) {
		MUST(pthread_create(&t, &a, on_own_stack, &p) == 0);
		if (join(t) != &p)
			say("not on its own stack");
		/* The stack is ours again once joined. */
		memset(mine, 0xa5, mine_size);
	}
	E(munmap(mine, mine_size));
	say("-- scheduling");
	struct sched_param sp = { 0 };
	int policy;

	E(pthread_attr_init(&a));
	E(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED));
	E(pthread_attr_setschedpolicy(&a, SCHED_OTHER));
	E(pthread_attr_setschedpolicy(&a, 99));
	E(pthread_attr_setschedparam(&a, &sp));
	E(pthread_create(&t, &a, nothing, NULL));
	E(pthread_getschedparam(t, &policy, &sp));
	say("policy %d priority %d", policy, sp.sched_priority);
	E(pthread_setschedparam(t, SCHED_OTHER, &sp));
	sp.sched_priority = 5;
	E(pthread_setschedparam(t, SCHED_OTHER, &sp));
	E(pthread_setschedparam(t, 77, &sp));
	E(pthread_join(t, NULL));
	return 0;
}
