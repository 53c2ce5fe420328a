/* SPDX-License-Identifier: MIT */
/* quick_exit from a thread. */
#include "t.h"

static void
one(void)
{
	say("at quick exit");
}

static void
two(void)
{
	say("not reached");
}

static void *
exits(void *arg)
{
	usleep(1000);
	quick_exit(25);
}

int
main(void)
{
	at_quick_exit(one);
	atexit(two);
	join(spawn(exits, NULL));
	return 1;
}
