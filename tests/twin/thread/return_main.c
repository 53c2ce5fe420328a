/* SPDX-License-Identifier: MIT */
/* Return from main with threads parked in all sorts of calls. */
#include "t.h"

static int sv[2];
static sem_t sem;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void
at_exit(void)
{
	say("atexit handler");
	usleep(2000);
	say("done");
}

static void *
parked(void *arg)
{
	char c;

	switch ((int)(intptr_t)arg % 5) {
	case 0:
		sem_wait(&sem);
		break;
	case 1:
		recv(sv[0], &c, 1, 0);
		break;
	case 2:
		sleep(100);
		break;
	case 3:
		pthread_mutex_lock(&m);
		break;
	default:
		pause();
	}
	say("not reached");
	return NULL;
}

int
main(void)
{
	sem_init(&sem, 0, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pthread_mutex_lock(&m);
	atexit(at_exit);
	for (intptr_t i = 0; i < 50; i++)
		i % 10 == 0 ? spawn_kernel(parked, (void *)i)
			    : spawn(parked, (void *)i);
	settle();
	printf("buffered\n");
	return 26;
}
