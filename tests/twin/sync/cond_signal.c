/* SPDX-License-Identifier: MIT */
/* One signal wakes one waiter; a signal with no waiter is not remembered. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int waiting, permits, woken;

static void *
waiter(void *arg)
{
	pthread_mutex_lock(&m);
	waiting++;
	while (permits == 0)
		pthread_cond_wait(&c, &m);
	permits--;
	woken++;
	pthread_mutex_unlock(&m);
	return arg;
}

static int
count(int *what, int want)
{
	int v = -1;

	for (int i = 0; i < 300 && v != want; i++) {
		ms(10);
		pthread_mutex_lock(&m);
		v = *what;
		pthread_mutex_unlock(&m);
	}
	return v;
}

int
main(void)
{
	struct timespec ts;
	pthread_t t[6];

	E(pthread_cond_signal(&c));
	E(pthread_cond_broadcast(&c));
	pthread_mutex_lock(&m);
	ts = in_ms(CLOCK_REALTIME, 30);
	E(pthread_cond_timedwait(&c, &m, &ts));
	pthread_mutex_unlock(&m);

	for (int i = 0; i < 6; i++)
		t[i] = i % 3 == 2 ? spawn_kernel(waiter, NULL)
				  : spawn(waiter, NULL);
	say("waiting %d", count(&waiting, 6));
	for (int i = 1; i <= 3; i++) {
		pthread_mutex_lock(&m);
		permits++;
		pthread_cond_signal(&c);
		pthread_mutex_unlock(&m);
		say("woken %d", count(&woken, i));
	}
	pthread_mutex_lock(&m);
	permits += 3;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	say("woken %d, permits %d", woken, permits);
	E(pthread_cond_destroy(&c));
	return 0;
}
