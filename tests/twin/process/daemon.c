/* SPDX-License-Identifier: MIT */
/* daemon(3): the child goes on, with threads, after the parent is gone. */
#include "t.h"

static void *
writes(void *arg)
{
	ms(20);
	MUST(write(*(int *)arg, "from the daemon\n", 16) == 16);
	return NULL;
}

int
main(void)
{
	char b[64];
	int p[2], n;
	pid_t pid;

	MUST(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		MUST(daemon(0, 0) == 0);
		join(spawn(writes, &p[1]));
		_exit(0);
	}
	close(p[1]);
	waitpid(pid, NULL, 0);
	n = read_all(p[0], b, sizeof(b));
	say("%.*s", n - 1, b);
	return 0;
}
