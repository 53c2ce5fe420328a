/* SPDX-License-Identifier: MIT */
/* MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC, zero lengths. */
#include "t.h"

static int sv[2], dg[2];

static void *
in_pieces(void *arg)
{
	int fd = *(int *)arg;

	ms(30);
	send(fd, "abc", 3, 0);
	settle();
	send(fd, "defg", 4, 0);
	ms(30);
	send(fd, "hij", 3, 0);
	return NULL;
}

static void *
then_close(void *arg)
{
	int fd = *(int *)arg;

	ms(30);
	send(fd, "12345", 5, 0);
	ms(30);
	shutdown(fd, SHUT_WR);
	return NULL;
}

static void
stream(void)
{
	char b[64] = "";
	pthread_t t;

	R(recv(sv[0], b, sizeof(b), MSG_DONTWAIT));
	R(recv(sv[0], b, 0, MSG_DONTWAIT));
	R(send(sv[0], b, 0, 0));
	t = spawn(in_pieces, &sv[1]);
	R(recv(sv[0], b, 2, MSG_PEEK));
	say("%.2s", b);
	R(recv(sv[0], b, 10, MSG_PEEK | MSG_WAITALL));
	say("%.10s", b);
	R(recv(sv[0], b, 10, MSG_WAITALL));
	say("%.10s", b);
	join(t);
	R(recv(sv[0], b, 10, MSG_WAITALL | MSG_DONTWAIT));
	send(sv[1], "xyz", 3, 0);
	R(recv(sv[0], b, 10, MSG_WAITALL | MSG_DONTWAIT));
	send(sv[1], "q", 1, 0);
	R(recv(sv[0], NULL, 0, 0));
	R(recv(sv[0], b, 10, MSG_PEEK));
	R(recv(sv[0], b, 10, MSG_PEEK));
	R(recv(sv[0], b, 10, 0));
	t = spawn(then_close, &sv[1]);
	R(recv(sv[0], b, 10, MSG_WAITALL));
	join(t);
	R(recv(sv[0], b, 10, MSG_WAITALL));
	R(recv(sv[0], b, 10, 0));
	R(recv(sv[0], b, 10, MSG_DONTWAIT));
	close(sv[0]);
	close(sv[1]);
}

static void *
sends_dgrams(void *arg)
{
	ms(30);
	send(dg[1], "first", 5, 0);
	ms(10);
	send(dg[1], "", 0, 0);
	ms(10);
	send(dg[1], "second datagram", 15, 0);
	return arg;
}

int
main(void)
{
	char b[64];
	pthread_t t;

	say("-- unix");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	stream();
	say("-- tcp");
	tcp_pair(sv);
	stream();
	say("-- datagrams");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dg) == 0);
	t = spawn(sends_dgrams, NULL);
	R(recv(dg[0], b, sizeof(b), MSG_WAITALL));
	R(recv(dg[0], b, sizeof(b), 0));
	R(recv(dg[0], b, 6, MSG_PEEK | MSG_TRUNC));
	R(recv(dg[0], b, 6, 0));
	say("%.6s", b);
	R(recv(dg[0], b, 6, MSG_DONTWAIT));
	join(t);
	return 0;
}
