/* SPDX-License-Identifier: MIT */
/* _exit from a green thread: no handler, no flush. */
#include "t.h"

static void
one(void)
{
	say("not reached");
}

static void *
parked(void *arg)
{
	pause();
	return arg;
}

static void *
exits(void *arg)
{
	printf("never flushed");
	usleep(1000);
	say("leaving");
	_exit(24);
}

int
main(void)
{
	atexit(one);
	spawn(parked, NULL);
	spawn(exits, NULL);
	parked(NULL);
	return 1;
}
