/* SPDX-License-Identifier: MIT */
/* Errors that need no waiting, from each call. */
#include <sys/uio.h>

#include "t.h"

static void *
work(void *arg)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), u, p[2], sv[2];
	struct msghdr mh = { 0 };
	struct iovec bad = { (void *)8, 10 };
	volatile int minus = -1, many = 5000;
	char b[16];

	R(recv(-1, b, 1, 0));
	R(recv(s, b, 1, 0));
	R(recv(s, b, 1, MSG_DONTWAIT));
	R(send(-1, b, 1, 0));
	R(send(s, b, 1, MSG_NOSIGNAL));
	R(recvmsg(-1, &mh, 0));
	R(sendmsg(-1, &mh, 0));
	R(read(-1, b, 1));
	R(write(-1, b, 1));
	R(pipe(p));
	R(recv(p[0], b, 1, 0));
	R(send(p[1], b, 1, 0));
	R(read(p[1], b, 1));
	R(write(p[0], b, 1));
	R(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	R(write(sv[0], "abc", 3));
	R(recv(sv[1], (void *)8, 10, 0));
	R(send(sv[1], (void *)8, 10, 0));
	R(readv(sv[1], &bad, 1));
	R(readv(sv[1], &bad, minus));
	R(readv(sv[1], &bad, many));
	R(writev(sv[1], &bad, 1));
	R(read(sv[1], b, 16));
	R(recv(sv[1], b, 1, MSG_OOB));
	u = socket(AF_INET, SOCK_DGRAM, 0);
	R(send(u, b, 1, 0));
	R(recv(u, b, 1, MSG_DONTWAIT));
	R(recv(u, b, 1, MSG_ERRQUEUE));
	R(socket(AF_INET, 77, 0));
	R(listen(-1, 1));
	R(listen(p[0], 1));
	close(s);
	close(u);
	close(p[0]);
	close(p[1]);
	close(sv[0]);
	close(sv[1]);
	R(recv(s, b, 1, 0));
	R(close(s));
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
