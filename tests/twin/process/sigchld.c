/* SPDX-License-Identifier: MIT */
/* SIGCHLD handlers of the program; SIG_IGN reaps by itself. */
#include "t.h"

static volatile sig_atomic_t reaped;

static void
handler(int sig)
{
	int saved = errno;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	errno = saved;
}

static void
child(int msec)
{
	if (fork() == 0) {
		ms(msec);
		_exit(0);
	}
}

int
main(void)
{
	struct timespec ts = { 20, 0 };
	sigset_t block, none;

	catch_signal(SIGCHLD, handler, 0);
	/* How many signals there are depends on who is late. */
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	for (int i = 0; i < 3; i++)
		child(20 + 20 * i);
	while (reaped < 3)
		if (sigsuspend(&none) != -1 || errno != EINTR)
			say("sigsuspend: %s", ename(errno));
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	say("reaped %d", (int)reaped);
	child(500);
	R(nanosleep(&ts, NULL));
	say("reaped %d", (int)reaped);
	signal(SIGCHLD, SIG_IGN);
	child(30);
	R(waitpid(-1, NULL, 0));
	return 0;
}
