/* SPDX-License-Identifier: MIT */
/* What pthread_create refuses; limits of processes do not touch the rest. */
#include <sched.h>

#include "t.h"

static void *
nothing(void *arg)
{
	return arg;
}

int
main(void)
{
	struct sched_param sp = { .sched_priority = 200 };
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	E(pthread_attr_setscope(&a, 99));
	E(pthread_attr_setinheritsched(&a, 99));
	E(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED));
	E(pthread_attr_setschedpolicy(&a, SCHED_FIFO));
	E(pthread_attr_setschedparam(&a, &sp));
	pthread_attr_destroy(&a);
	pthread_attr_init(&a);
	E(pthread_attr_setscope(&a, PTHREAD_SCOPE_SYSTEM));
	E(pthread_create(&t, &a, nothing, NULL));
	E(pthread_join(t, NULL));
	for (int i = 0; i < 100; i++)
		MUST(pthread_create(&t, NULL, nothing, NULL) == 0 &&
		     pthread_join(t, NULL) == 0);
	say("a hundred");
	return 0;
}
