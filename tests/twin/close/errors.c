/* SPDX-License-Identifier: MIT */
/* What close, dup and close_range answer. */
#include <sys/stat.h>

#include "t.h"

static void *
work(void *arg)
{
	int p[2], q[2], d;
	struct stat st;

	R(close(-1));
	R(close(99999));
	MUST(pipe(p) == 0);
	R(close(p[0]));
	R(close(p[0]));
	R(dup(p[0]));
	R(dup2(p[0], 50));
	R(dup2(p[1], -1));
	R(dup2(p[1], p[1]) - p[1]);
	R(dup3(p[1], p[1], 0));
	R(dup2(p[0], p[0]));
	R(dup2(p[1], 50));
	R(dup3(p[1], 51, O_CLOEXEC));
	R(fcntl(50, F_GETFD));
	R(fcntl(51, F_GETFD));
	R(close_range(50, 51, 0));
	R(fstat(50, &st));
	R(close_range(51, 50, 0));
	R(close_range(500, 600, 0));
	/* A duplicate keeps the file open. */
	MUST(pipe(q) == 0);
	d = dup(q[1]);
	R(close(q[1]));
	R(write(d, "x", 1));
	R(close(d));
	char b[4];
	R(read(q[0], b, 4));
	R(read(q[0], b, 4));
	close(q[0]);
	close(p[1]);
	/* The lowest free number is taken. */
	d = dup(0);
	close(d);
	R(dup(1) - d);
	close(d);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
