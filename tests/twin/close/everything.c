/* SPDX-License-Identifier: MIT */
/* A daemon's loop that closes all descriptors; life goes on after it. */
#include <sys/resource.h>

#include "t.h"

static int sv[2];
static sem_t sem;

static void *
parked(void *arg)
{
	sem_wait(&sem);
	return arg;
}

static void *
echo(void *arg)
{
	char b[8];
	ssize_t n = recv(sv[1], b, sizeof(b), 0);

	send(sv[1], b, n, 0);
	return arg;
}

static void
alive(void)
{
	char b[8] = "";
	pthread_t t;
	double begin = now();

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	say("numbers %d %d", sv[0], sv[1]);
	t = spawn(echo, NULL);
	usleep(20000);
	say("slept %d", now() - begin >= 0.02);
	MUST(send(sv[0], "echo", 4, 0) == 4);
	R(recv(sv[0], b, sizeof(b), 0));
	say("%s", b);
	join(t);
	close(sv[0]);
	close(sv[1]);
}

int
main(void)
{
	struct rlimit rl;
	pthread_t t;

	sem_init(&sem, 0, 0);
	t = spawn(parked, NULL);
	settle();
	getrlimit(RLIMIT_NOFILE, &rl);
	say("-- one by one");
	for (int fd = 3; fd < (int)(rl.rlim_cur < 70000 ? rl.rlim_cur : 70000);
	     fd++)
		close(fd);
	alive();
	say("-- closefrom");
	closefrom(3);
	alive();
	say("-- close_range");
	close_range(3, ~0u, 0);
	alive();
	sem_post(&sem);
	join(t);
	return 0;
}
