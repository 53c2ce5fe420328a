/* SPDX-License-Identifier: MIT */
/* exit() from a green thread while others are parked; handlers; status. */
#include "t.h"

static void
one(void)
{
	say("first registered");
}

static void
two(void)
{
	say("second registered");
	/* A handler may block. */
	usleep(1000);
	say("after a sleep");
}

__attribute__((destructor)) static void
destructor(void)
{
	say("destructor");
}

static void *
parked(void *arg)
{
	pause();
	say("not reached");
	return arg;
}

static void *
exits(void *arg)
{
	settle();
	printf("buffered text\n");
	exit(23);
}

int
main(void)
{
	atexit(one);
	atexit(two);
	spawn(parked, NULL);
	spawn_kernel(parked, NULL);
	spawn(exits, NULL);
	parked(NULL);
	return 1;
}
