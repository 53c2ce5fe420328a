/* SPDX-License-Identifier: MIT */
/* A child that continues for long enough to be seen continued. */
#include "t.h"

static void *
work(void *arg)
{
	pid_t p = fork(), r;
	int st = 0;

	if (p == 0) {
		raise(SIGSTOP);
		ms(300);
		_exit(15);
	}
	r = waitpid(p, &st, WUNTRACED);
	say("stopped %d", r == p && WIFSTOPPED(st));
	kill(p, SIGCONT);
	r = waitpid(p, &st, WCONTINUED);
	say("continued %d", r == p && WIFCONTINUED(st));
	r = waitpid(p, &st, 0);
	say("exited %d", r == p && WIFEXITED(st));
	return arg;
}

int
main(void)
{
	work(NULL);
	join(spawn(work, NULL));
	return 0;
}
