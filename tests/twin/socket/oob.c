/* SPDX-License-Identifier: MIT */
/* Out-of-band data: MSG_OOB, the mark, and reads that stop at it. */
#include <sys/ioctl.h>

#include "t.h"

static int sv[2];

static void *
sends(void *arg)
{
	settle();
	send(sv[1], "before", 6, 0);
	send(sv[1], "!", 1, MSG_OOB);
	send(sv[1], "after", 5, 0);
	return arg;
}

static void *
work(void *arg)
{
	struct pollfd p = { sv[0], POLLPRI, 0 };
	pthread_t t = spawn(sends, NULL);
	char b[32];

	R(poll(&p, 1, -1));
	say("revents %#x", p.revents);
	join(t);
	settle();
	R(recv(sv[0], b, sizeof(b), 0));
	R(sockatmark(sv[0]));
	R(recv(sv[0], b, 1, MSG_OOB));
	say("%c", b[0]);
	R(recv(sv[0], b, sizeof(b), 0));
	R(recv(sv[0], b, 1, MSG_OOB));
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
