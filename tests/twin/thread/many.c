/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Many threads, one after the other and all at once. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int alive, go;

static void *
quick(void *arg)
{
	return arg;
}

static void *
stays(void *arg)
{
	pthread_mutex_lock(&m);
	alive++;
	pthread_cond_broadcast(&c);
	while (!go)
		pthread_cond_wait(&c, &m);
	alive--;
	pthread_mutex_unlock(&m);
	return arg;
}

int
main(void)
{
	enum { N = 1000 };
	static pthread_t t[N];
	int good = 0;

	for (intptr_t i = 1; i <= 10000; i++)
		good += join(spawn(quick, (void *)i)) == (void *)i;
	say("one by one %d", good);
	for (int i = 0; i < N; i++)
		t[i] = spawn(stays, &t[i]);
	pthread_mutex_lock(&m);
	while (alive < N)
		pthread_cond_wait(&c, &m);
	say("alive %d", alive);
	go = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	good = 0;
	for (int i = 0; i < N; i++)
		good += join(t[i]) == &t[i];
	say("joined %d, alive %d", good, alive);
	return 0;
}
