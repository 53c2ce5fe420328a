/* SPDX-License-Identifier: MIT */
/* SO_RCVLOWAT: a blocking receive waits for that much. */
#include "t.h"

static int sv[2];

static void *
drips(void *arg)
{
	for (int i = 0; i < 4; i++) {
		ms(40);
		send(sv[1], "ab", 2, 0);
	}
	return arg;
}

static void *
work(void *arg)
{
	int n = 6;
	char b[32];
	pthread_t t;

	R(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n)));
	t = spawn(drips, NULL);
	R(recv(sv[0], b, sizeof(b), 0));
	join(t);
	n = 1;
	R(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n)));
	R(recv(sv[0], b, sizeof(b), 0));
	return arg;
}

int
main(void)
{
	tcp_pair(sv);
	join(spawn(work, NULL));
	join(spawn_kernel(work, NULL));
	return 0;
}
