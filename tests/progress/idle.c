/* SPDX-License-Identifier: MIT */
/*
 * Works a little, then does nothing: threads parked in all sorts of calls and
 * main in pause or accept.  Nothing may wake such a process.
 *
 *	idle pause|accept
 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int sv[2], p[2];
static sem_t sem;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, held;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_t first;

static void *
parked(void *arg)
{
	struct pollfd pf = { sv[0], POLLIN, 0 };
	char b;

	switch ((int)(intptr_t)arg % 7) {
	case 0:
		recv(sv[0], &b, 1, 0);
		break;
	case 1:
		sem_wait(&sem);
		break;
	case 2:
		pthread_mutex_lock(&m);
		for (;;)
			pthread_cond_wait(&c, &m);
	case 3:
		pthread_mutex_lock(&held);
		break;
	case 4:
		poll(&pf, 1, -1);
		break;
	case 5:
		if (read(p[0], &b, 1) < 0)
			return NULL;
		break;
	case 6:
		pthread_join(first, NULL);
	}
	return NULL;
}

static void *
spin(void *arg)
{
	for (volatile unsigned long i = 0; i < 200000000; i++)
		;
	return arg;
}

static void *
naps(void *arg)
{
	for (int i = 0; i < 20; i++)
		usleep(5000);
	return arg;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	pthread_t t, busy;
	int l;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0 || pipe(p) != 0)
		return 1;
	sem_init(&sem, 0, 0);
	pthread_mutex_init(&held, NULL);
	pthread_mutex_lock(&held);
	for (intptr_t i = 0; i < 49; i++) {
		if (pthread_create(&t, NULL, parked, (void *)i) != 0)
			return 1;
		if (i == 0)
			first = t;
	}
	/* Handoffs and timers first, so that their traces would be seen. */
	pthread_create(&busy, NULL, spin, NULL);
	pthread_create(&t, NULL, naps, NULL);
	pthread_join(busy, NULL);
	pthread_join(t, NULL);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(l, 1) != 0)
		return 1;
	printf("%d\n", getpid());
	fflush(stdout);
	if (argc > 1 && !strcmp(argv[1], "accept"))
		accept(l, NULL, NULL);
	else
		pause();
	return 0;
}
