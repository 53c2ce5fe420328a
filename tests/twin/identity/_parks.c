/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor waits for a thread of its own, and sleeps. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

int ready;
static int p[2];

static void *
writes(void *arg)
{
	struct timespec ts = { 0, 100000000 };

	nanosleep(&ts, NULL);
	if (write(p[1], "x", 1) != 1)
		_exit(98);
	return arg;
}

__attribute__((constructor)) static void
start(void)
{
	pthread_t t;
	char b;

	if (pipe(p) != 0 || pthread_create(&t, NULL, writes, NULL) != 0)
		_exit(97);
	if (read(p[0], &b, 1) == 1)
		ready = 1;
	pthread_join(t, NULL);
	close(p[0]);
	close(p[1]);
}
