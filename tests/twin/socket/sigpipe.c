/* SPDX-License-Identifier: MIT */
/* SIGPIPE's default action ends the process, from a green thread too. */
#include "t.h"

static void *
work(void *arg)
{
	int sv[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	close(sv[1]);
	usleep(1000);
	say("before");
	R(send(sv[0], "x", 1, 0));
	return arg;
}

int
main(void)
{
	join(spawn(work, NULL));
	return 0;
}
