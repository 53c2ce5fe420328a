/* SPDX-License-Identifier: MIT */
/* pthread_atfork: the order of handlers; they may use locks. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long count;

static void
prepare1(void)
{
	pthread_mutex_lock(&m);
	say("prepare 1");
}

static void
parent1(void)
{
	pthread_mutex_unlock(&m);
}

static void
child1(void)
{
	say("child 1");
	pthread_mutex_unlock(&m);
}

static void
prepare2(void)
{
	say("prepare 2");
}

static void
parent2(void)
{
	count++;
}

static void
child2(void)
{
	say("child 2");
}

static void *
busy(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&m);
		usleep(200);
		pthread_mutex_unlock(&m);
		usleep(50);
	}
	return arg;
}

static void *
forks(void *arg)
{
	for (int i = 0; i < 3; i++) {
		pid_t p = fork();
		int st;

		if (p == 0) {
			MUST(pthread_mutex_lock(&m) == 0);
			pthread_mutex_unlock(&m);
			say("child runs");
			_exit(0);
		}
		waitpid(p, &st, 0);
	}
	return arg;
}

int
main(void)
{
	pthread_t b;

	E(pthread_atfork(prepare1, parent1, child1));
	E(pthread_atfork(prepare2, parent2, child2));
	E(pthread_atfork(NULL, NULL, NULL));
	b = spawn(busy, NULL);
	forks(NULL);
	say("-- green");
	join(spawn(forks, NULL));
	join(b);
	say("parent handlers %ld", count);
	return 0;
}
