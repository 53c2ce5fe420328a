/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * O_NONBLOCK as a second process sees it: a child shares the descriptors and
 * looks at their flags all the time while threads of the parent do I/O.
 */
#include "t.h"

static int sv[2], p[2], tcp[2], stop[2];

static void *
sock_io(void *arg)
{
	int *fds = arg;
	char b[4000];

	for (int i = 0; i < 200; i++) {
		if (send(fds[0], b, sizeof(b), 0) != sizeof(b))
			say("short send");
		if (i % 20 == 0)
			usleep(100);
	}
	return NULL;
}

static void *
sock_in(void *arg)
{
	int *fds = arg;
	char b[4000];

	for (int i = 0; i < 200; i++)
		if (recv(fds[1], b, sizeof(b), MSG_WAITALL) != sizeof(b))
			say("short recv");
	return NULL;
}

static void *
pipe_out(void *arg)
{
	char b[4000];

	for (int i = 0; i < 200; i++)
		if (write(p[1], b, sizeof(b)) != sizeof(b))
			say("short write");
	return arg;
}

static void *
pipe_in(void *arg)
{
	char b[4000];

	for (int i = 0; i < 200; i++) {
		if (read_all(p[0], b, sizeof(b)) != sizeof(b))
			say("short read");
		if (i % 20 == 0)
			usleep(100);
	}
	return arg;
}

static void
child(void)
{
	int fds[] = { sv[0], sv[1], p[0], p[1], tcp[0], tcp[1], 0, 1 };
	unsigned long seen = 0, looks = 0;
	struct pollfd pf = { stop[0], POLLIN, 0 };

	while (poll(&pf, 1, 0) == 0) {
		for (int k = 0; k < 500; k++)
			for (size_t i = 0; i < NELEM(fds); i++)
				seen += !!(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		looks++;
	}
	say("looked %d, seen %lu", looks > 0, seen);
	_exit(0);
}

int
main(void)
{
	pthread_t t[6];
	pid_t pid;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(pipe(p) == 0);
	MUST(pipe(stop) == 0);
	tcp_pair(tcp);
	pid = fork();
	if (pid == 0)
		child();
	for (int round = 0; round < 3; round++) {
		t[0] = spawn(sock_io, sv);
		t[1] = spawn(sock_in, sv);
		t[2] = spawn(sock_io, tcp);
		t[3] = spawn(sock_in, tcp);
		t[4] = spawn(pipe_out, NULL);
		t[5] = spawn(pipe_in, NULL);
		for (int i = 0; i < 6; i++)
			join(t[i]);
		/* And with somebody parked in each. */
		t[0] = spawn(sock_in, sv);
		t[1] = spawn(sock_in, tcp);
		t[2] = spawn(pipe_in, NULL);
		settle();
		t[3] = spawn(sock_io, sv);
		t[4] = spawn(sock_io, tcp);
		t[5] = spawn(pipe_out, NULL);
		for (int i = 0; i < 6; i++)
			join(t[i]);
	}
	MUST(write(stop[1], "x", 1) == 1);
	waitpid(pid, NULL, 0);
	return 0;
}
