/* SPDX-License-Identifier: MIT */
/* abort from a green thread: SIGABRT. */
#include "t.h"

static void *
work(void *arg)
{
	usleep(1000);
	say("before");
	abort();
}

int
main(void)
{
	join(spawn(work, NULL));
	return 0;
}
