/* SPDX-License-Identifier: MIT */
/* exec with an environment of its own and of the program: all start clean. */
#include "t.h"

extern char **environ;

static void
show(const char *what)
{
	pid_t p;
	int st;

	(void)st;
	p = fork();
	if (p == 0) {
		execlp("sh", "sh", "-c",
		       "echo $0: [$LD_PRELOAD] [$MIXIO_RUN] [$FOO]; "
		       "grep -c libmixio /proc/self/maps",
		       what, (char *)NULL);
		_exit(127);
	}
	waitpid(p, &st, 0);
}

static void *
work(void *arg)
{
	char *envp[] = { "PATH=/bin:/usr/bin", "FOO=given", NULL };
	char *argv[] = { "sh", "-c", "echo [$LD_PRELOAD] [$FOO]", NULL };
	pid_t p;
	int st;

	show("environ");
	setenv("FOO", "set", 1);
	show("after setenv");
	unsetenv("FOO");
	p = fork();
	if (p == 0) {
		execve("/bin/sh", argv, envp);
		_exit(127);
	}
	waitpid(p, &st, 0);
	say("own LD_PRELOAD %d", getenv("LD_PRELOAD") != NULL);
	st = system("echo system [$LD_PRELOAD] [$MIXIO_RUN]");
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
