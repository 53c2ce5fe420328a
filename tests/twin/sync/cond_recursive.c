/* SPDX-License-Identifier: MIT */
/* A condition wait with a recursive and with an error-checking mutex. */
#include "t.h"

static pthread_mutex_t rec = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t chk = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int ready;

static void *
waiter(void *arg)
{
	pthread_mutex_t *m = arg;

	E(pthread_mutex_lock(m));
	while (!ready)
		pthread_cond_wait(&c, m);
	E(pthread_mutex_trylock(m));
	if (m == &rec)
		E(pthread_mutex_unlock(m));
	E(pthread_mutex_unlock(m));
	E(pthread_mutex_unlock(m));
	return NULL;
}

static void
round_with(pthread_mutex_t *m)
{
	pthread_t t;

	ready = 0;
	t = spawn(waiter, m);
	settle();
	pthread_mutex_lock(m);
	ready = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(m);
	join(t);
}

int
main(void)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 30);

	round_with(&rec);
	round_with(&chk);
	say("-- not the owner");
	E(pthread_cond_timedwait(&c, &chk, &ts));
	return 0;
}
