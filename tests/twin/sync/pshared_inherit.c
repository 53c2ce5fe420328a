/* SPDX-License-Identifier: MIT */
/* twin: expect */
/* Priority inheritance between processes: refused, as mixio(1) says. */
#include "t.h"

static pthread_mutex_t m;

static void *
work(void *arg)
{
	struct timespec soon = in_ms(CLOCK_REALTIME, 20);

	E(pthread_mutex_lock(&m) == ENOTSUP ? 0 : 1);
	E(pthread_mutex_timedlock(&m, &soon) == ENOTSUP ? 0 : 1);
	return arg;
}

static void *
native(void *arg)
{
	E(pthread_mutex_lock(&m));
	E(pthread_mutex_unlock(&m));
	return arg;
}

int
main(void)
{
	pthread_mutexattr_t ma;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	E(pthread_mutex_init(&m, &ma));
	work(NULL);
	join(spawn(work, NULL));
	join(spawn_kernel(native, NULL));
	return 0;
}
