/* SPDX-License-Identifier: MIT */
/* exit() in the child of a fork in a thread: handlers, flush, status. */
#include "t.h"

static void
at_exit(void)
{
	say("atexit handler");
}

static void *
forks(void *arg)
{
	pid_t p;
	int st;

	p = fork();
	if (p == 0) {
		printf("flushed by the child\n");
		exit(31);
	}
	waitpid(p, &st, 0);
	say("status %d", WEXITSTATUS(st));
	p = fork();
	if (p == 0) {
		sigset_t s;

		/* A signal's default action in the child. */
		sigemptyset(&s);
		pthread_sigmask(SIG_SETMASK, &s, NULL);
		raise(SIGTERM);
		_exit(1);
	}
	waitpid(p, &st, 0);
	say("signal %d", WTERMSIG(st));
	p = fork();
	if (p == 0)
		pthread_exit(NULL);
	waitpid(p, &st, 0);
	say("exited %d, status %d", WIFEXITED(st), WEXITSTATUS(st));
	return arg;
}

int
main(void)
{
	atexit(at_exit);
	join(spawn(forks, NULL));
	forks(NULL);
	return 0;
}
