/* SPDX-License-Identifier: MIT */
/* EPIPE, SIGPIPE, MSG_NOSIGNAL, ECONNRESET; a blocked send is woken. */
#include <sys/uio.h>

#include "t.h"

static int sv[2];
static volatile sig_atomic_t pipes;

static void
on_pipe(int sig)
{
	pipes++;
}

static void *
fills(void *arg)
{
	static char big[1 << 16];
	ssize_t n;

	while ((n = send(sv[0], big, sizeof(big), MSG_NOSIGNAL)) > 0)
		;
	return (void *)(intptr_t)errno;
}

int
main(void)
{
	struct iovec iov[2] = { { "ab", 2 }, { "cd", 2 } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	struct linger lg = { 1, 0 };
	pthread_t t;
	char b[8];

	signal(SIGPIPE, on_pipe);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	close(sv[1]);
	R(send(sv[0], "x", 1, MSG_NOSIGNAL));
	say("pipes %d", (int)pipes);
	R(send(sv[0], "x", 1, 0));
	say("pipes %d", (int)pipes);
	R(write(sv[0], "x", 1));
	R(writev(sv[0], iov, 2));
	R(sendmsg(sv[0], &mh, 0));
	R(sendmsg(sv[0], &mh, MSG_NOSIGNAL));
	say("pipes %d", (int)pipes);
	R(recv(sv[0], b, 1, 0));
	close(sv[0]);

	say("-- shutdown for writing");
	tcp_pair(sv);
	R(shutdown(sv[0], SHUT_WR));
	R(send(sv[0], "x", 1, MSG_NOSIGNAL));
	R(recv(sv[1], b, 1, 0));
	R(send(sv[1], "y", 1, 0));
	R(recv(sv[0], b, 1, 0));
	close(sv[0]);
	close(sv[1]);

	say("-- reset");
	tcp_pair(sv);
	setsockopt(sv[1], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
	close(sv[1]);
	settle();
	R(recv(sv[0], b, 1, 0));
	R(recv(sv[0], b, 1, 0));
	R(send(sv[0], "x", 1, MSG_NOSIGNAL));
	close(sv[0]);

	say("-- peer closes under a blocked send");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(fills, NULL);
	settle();
	close(sv[1]);
	say("%s", ename((int)(intptr_t)join(t)));
	close(sv[0]);
	say("-- own shutdown under a blocked send");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(fills, NULL);
	settle();
	R(shutdown(sv[0], SHUT_WR));
	say("%s", ename((int)(intptr_t)join(t)));
	return 0;
}
