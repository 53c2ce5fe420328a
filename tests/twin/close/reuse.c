/* SPDX-License-Identifier: MIT */
/* Numbers are reused over and over; each connection gets its own bytes. */
#include "t.h"

static int bad;

static void *
peer(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char b[32];
	ssize_t n;

	while ((n = recv(fd, b, sizeof(b), 0)) > 0)
		send(fd, b, n, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;

	for (int i = 0; i < 60; i++) {
		char out[32], in[32];
		pthread_t t;
		int sv[2];

		if ((i + k) % 3 == 0)
			tcp_pair(sv);
		else
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		t = (i % 9 == 0 ? spawn_kernel
				: spawn)(peer, (void *)(intptr_t)sv[1]);
		snprintf(out, sizeof(out), "thread %d round %d", k, i);
		for (int r = 0; r < 3; r++) {
			memset(in, 0, sizeof(in));
			send(sv[0], out, sizeof(out), 0);
			if (recv(sv[0], in, sizeof(in), MSG_WAITALL) !=
				    sizeof(in) ||
			    memcmp(in, out, sizeof(in)))
				__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		}
		/* Some are closed while the peer waits in recv. */
		close(sv[0]);
		join(t);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[12];

	for (intptr_t i = 0; i < 12; i++)
		t[i] = i % 6 == 5 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	for (int i = 0; i < 12; i++)
		join(t[i]);
	say("bad %d", bad);
	return 0;
}
