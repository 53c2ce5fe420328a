/* SPDX-License-Identifier: MIT */
/* One poll over many descriptors while many threads poll one each. */
#include "t.h"

#define N 400

static int sv[N][2], woke;

static void *
one(void *arg)
{
	struct pollfd p = { sv[(intptr_t)arg][1], POLLIN, 0 };

	if (poll(&p, 1, -1) == 1 && p.revents == POLLIN)
		__atomic_add_fetch(&woke, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int
main(void)
{
	static struct pollfd p[N];
	static pthread_t t[N];
	int ready = 0, n;

	for (intptr_t i = 0; i < N; i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv[i]) == 0);
		p[i] = (struct pollfd){ sv[i][0], POLLIN, 0 };
		t[i] = i % 40 == 0 ? spawn_kernel(one, (void *)i)
				   : spawn(one, (void *)i);
	}
	settle();
	R(poll(p, N, 0));
	for (int i = 0; i < N; i++)
		MUST(write(sv[i][0], "x", 1) == 1);
	for (int i = 0; i < N; i++)
		join(t[i]);
	say("woke %d", woke);
	for (int i = 0; i < N; i += 3)
		MUST(write(sv[i][1], "x", 1) == 1);
	n = poll(p, N, -1);
	for (int i = 0; i < N; i++)
		ready += p[i].revents == (i % 3 == 0 ? POLLIN : 0);
	say("ready %d, as expected %d", n, ready);
	return 0;
}
