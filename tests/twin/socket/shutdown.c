/* SPDX-License-Identifier: MIT */
/* shutdown wakes a thread that is reading, and one in accept. */
#include "t.h"

static int sv[2], lsock;

static void *
reads(void *arg)
{
	char b[8];

	R(recv(sv[0], b, sizeof(b), 0));
	return arg;
}

static void *
reads_all(void *arg)
{
	char b[8];

	R(recv(sv[0], b, sizeof(b), MSG_WAITALL));
	return arg;
}

static void *
polls(void *arg)
{
	struct pollfd p = { sv[0], POLLIN, 0 };

	R(poll(&p, 1, -1));
	say("revents %#x", p.revents);
	return arg;
}

static void *
accepts(void *arg)
{
	R(accept(lsock, NULL, NULL));
	return arg;
}

static void
round_with(thread_fn fn, int kernel, int tcp, int side)
{
	pthread_t t;

	if (tcp)
		tcp_pair(sv);
	else
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = kernel ? spawn_kernel(fn, NULL) : spawn(fn, NULL);
	settle();
	MUST(shutdown(sv[side], side == 0 ? SHUT_RD : SHUT_WR) == 0);
	join(t);
	close(sv[0]);
	close(sv[1]);
}

int
main(void)
{
	struct sockaddr_in addr;
	pthread_t t;

	for (int tcp = 0; tcp < 2; tcp++) {
		for (int side = 0; side < 2; side++) {
			say("-- tcp %d, side %d", tcp, side);
			round_with(reads, 0, tcp, side);
			round_with(reads, 1, tcp, side);
			round_with(reads_all, 0, tcp, side);
			round_with(polls, 0, tcp, side);
		}
	}
	say("-- accept");
	lsock = listen_tcp(&addr, 1);
	t = spawn(accepts, NULL);
	settle();
	MUST(shutdown(lsock, SHUT_RD) == 0);
	join(t);
	R(shutdown(lsock, SHUT_RDWR));
	R(shutdown(-1, SHUT_RD));
	R(shutdown(0, SHUT_RD));
	return 0;
}
