/* SPDX-License-Identifier: MIT */
/* A bad access in a green thread ends the process by SIGSEGV. */
#include "t.h"

static int *volatile nowhere;

static void *
work(void *arg)
{
	usleep(1000);
	say("before");
	*nowhere = 1;
	say("not reached");
	return arg;
}

int
main(void)
{
	join(spawn(work, NULL));
	return 0;
}
