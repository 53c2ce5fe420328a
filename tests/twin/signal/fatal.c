/* SPDX-License-Identifier: MIT */
/* Default actions: SIGTERM from another process ends it while it waits. */
#include "t.h"

static void *
parked(void *arg)
{
	pause();
	return arg;
}

int
main(void)
{
	pid_t parent = getpid();

	spawn(parked, NULL);
	spawn_kernel(parked, NULL);
	say("before");
	if (fork() == 0) {
		ms(100);
		kill(parent, SIGTERM);
		_exit(0);
	}
	sleep(20);
	say("not reached");
	return 0;
}
