/* SPDX-License-Identifier: MIT */
/* exec from a thread replaces the program; descriptors; clean start. */
#include "t.h"

static void *
parked(void *arg)
{
	pause();
	return arg;
}

static void *
execs(void *arg)
{
	static char *argv[] = {
		"sh",
		"-c",
		"echo preload=$LD_PRELOAD run=$MIXIO_RUN follow=$MIXIO_FOLLOW;"
		"test $$ = \"$1\" && echo same pid;"
		"ls /proc/self/fd | wc -l;"
		"grep -h SigBlk /proc/self/status;"
		"cat <&5; kill -USR1 $$; echo not reached",
		"sh",
		NULL,
		NULL
	};
	char pid[16];
	int p[2];

	settle();
	snprintf(pid, sizeof(pid), "%d", getpid());
	argv[4] = pid;
	MUST(pipe(p) == 0);
	MUST(write(p[1], "by pipe\n", 8) == 8);
	dup2(p[0], 5);
	for (int fd = 3; fd < 10; fd++)
		if (fd != 5)
			close(fd);
	execv("/bin/sh", argv);
	say("exec: %s", ename(errno));
	_exit(1);
}

int
main(void)
{
	/* An exec that fails changes nothing. */
	char *none[] = { "x", NULL };

	R(execv("/no/such/program", none));
	spawn(parked, NULL);
	spawn_kernel(parked, NULL);
	join(spawn(execs, NULL));
	return 1;
}
