/* SPDX-License-Identifier: MIT */
/* SIGPIPE for a pipe: handler runs, write says EPIPE. */
#include "t.h"

static volatile sig_atomic_t pipes;

static void
on_pipe(int sig)
{
	pipes++;
}

static void *
work(void *arg)
{
	int p[2];

	MUST(pipe(p) == 0);
	close(p[0]);
	R(write(p[1], "x", 1));
	R(write(p[1], "x", 0));
	close(p[1]);
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, on_pipe);
	work(NULL);
	say("pipes %d", (int)pipes);
	join(spawn(work, NULL));
	say("pipes %d", (int)pipes);
	signal(SIGPIPE, SIG_DFL);
	join(spawn(work, NULL));
	return 0;
}
