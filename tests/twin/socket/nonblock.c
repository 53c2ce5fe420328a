/* SPDX-License-Identifier: MIT */
/* A descriptor that the user made non-blocking answers EAGAIN. */
#include <sys/ioctl.h>

#include "t.h"

static int sv[2];

static void *
later(void *arg)
{
	settle();
	MUST(send(sv[1], "x", 1, 0) == 1);
	return arg;
}

static void *
work(void *arg)
{
	static char big[1 << 20];
	int on = 1, off = 0, d;
	pthread_t t;
	char b[8];
	ssize_t n;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	R(recv(sv[0], b, 1, 0));
	R(read(sv[0], b, 1));
	R(recv(sv[0], b, 1, MSG_WAITALL));
	R(send(sv[1], "abc", 3, 0));
	R(recv(sv[0], b, 8, MSG_WAITALL));
	R(recv(sv[0], b, 8, 0));
	n = send(sv[0], big, sizeof(big), 0);
	say("sent some: %d", n > 0 && n < (ssize_t)sizeof(big));
	R(send(sv[0], big, sizeof(big), 0));
	R(write(sv[0], big, sizeof(big)));
	/* Blocking again. */
	fcntl(sv[0], F_SETFL, 0);
	t = spawn(later, NULL);
	R(recv(sv[0], b, 1, 0));
	join(t);
	ioctl(sv[0], FIONBIO, &on);
	R(recv(sv[0], b, 1, 0));
	ioctl(sv[0], FIONBIO, &off);
	t = spawn(later, NULL);
	R(recv(sv[0], b, 1, 0));
	join(t);
	/* The flag belongs to the open file: set through a duplicate. */
	d = dup(sv[0]);
	fcntl(d, F_SETFL, O_NONBLOCK);
	R(recv(sv[0], b, 1, 0));
	fcntl(d, F_SETFL, 0);
	t = spawn(later, NULL);
	R(recv(sv[0], b, 1, 0));
	join(t);
	close(d);
	close(sv[0]);
	close(sv[1]);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
