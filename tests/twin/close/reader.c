/* SPDX-License-Identifier: MIT */
/* twin: expect */
/*
 * close() while another thread waits on the descriptor.  Natively the waiter
 * stays blocked in the old file; under mixio it is specified to return EBADF,
 * so there is no native oracle.
 */
#include "t.h"

static int fd;

static void *
do_recv(void *arg)
{
	char b[8];

	R(recv(fd, b, sizeof(b), 0));
	return arg;
}

static void *
do_read(void *arg)
{
	char b[8];

	R(read(fd, b, sizeof(b)));
	return arg;
}

static void *
do_waitall(void *arg)
{
	char b[8];

	R(recv(fd, b, sizeof(b), MSG_WAITALL));
	return arg;
}

static void *
do_send(void *arg)
{
	static char big[1 << 20];

	/* Some of it fits: an error after that gives the count. */
	if (send(fd, big, sizeof(big), MSG_NOSIGNAL) >= 0)
		say("send: part");
	else
		say("send: %s", ename(errno));
	return arg;
}

static void *
do_accept(void *arg)
{
	R(accept(fd, NULL, NULL));
	return arg;
}

static void
closed_under(const char *what, thread_fn fn, int first, int second, int dup)
{
	pthread_t t[3];

	say("%s", what);
	fd = first;
	for (int i = 0; i < 3; i++)
		t[i] = spawn(fn, NULL);
	settle();
	if (dup) {
		int other = open("/dev/null", O_RDONLY);

		MUST(dup2(other, first) == first);
		close(other);
	} else {
		MUST(close(first) == 0);
	}
	for (int i = 0; i < 3; i++)
		join(t[i]);
	if (dup)
		close(first);
	close(second);
}

int
main(void)
{
	struct sockaddr_in addr;
	int sv[2];

	for (int dup = 0; dup < 2; dup++) {
		say("-- %s", dup ? "dup2" : "close");
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		closed_under("recv", do_recv, sv[0], sv[1], dup);
		tcp_pair(sv);
		closed_under("tcp", do_recv, sv[0], sv[1], dup);
		tcp_pair(sv);
		closed_under("waitall", do_waitall, sv[0], sv[1], dup);
		MUST(pipe(sv) == 0);
		closed_under("pipe", do_read, sv[0], sv[1], dup);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		closed_under("send", do_send, sv[0], sv[1], dup);
		sv[0] = listen_tcp(&addr, 1);
		closed_under("accept", do_accept, sv[0], -1, dup);
	}
	return 0;
}
