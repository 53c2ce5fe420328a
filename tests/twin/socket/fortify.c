/* SPDX-License-Identifier: MIT */
/* twin: cflags=-D_FORTIFY_SOURCE=2 */
/* The checked twins of calls that a fortified build uses. */
#include "t.h"

static int sv[2];

static void *
sends(void *arg)
{
	for (int i = 0; i < 4; i++) {
		ms(30);
		send(sv[1], "fortified", 9, 0);
	}
	return arg;
}

/* Sizes known to the compiler only at run time give the checked form. */
static void *
work(void *arg)
{
	volatile size_t n = 10;
	char b[16];
	struct pollfd p[1] = { { sv[0], POLLIN, 0 } };
	struct timespec ts = { 20, 0 };
	pthread_t t = spawn(sends, NULL);

	R(read(sv[0], b, n));
	R(recv(sv[0], b, n, 0));
	R(recvfrom(sv[0], b, n, 0, NULL, NULL));
	volatile nfds_t one = 1;
	R(poll(p, one, 20000));
	R(ppoll(p, one, &ts, NULL));
	R(recv(sv[0], b, n, 0));
	join(t);
	return arg;
}

int
main(void)
{
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	work(NULL);
	join(spawn(work, NULL));
	return 0;
}
