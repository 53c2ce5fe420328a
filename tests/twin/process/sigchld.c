/* SPDX-License-Identifier: MIT */
/* SIGCHLD handlers of the program; SIG_IGN reaps by itself. */
#include "t.h"

static volatile sig_atomic_t n, reaped;

static void
handler(int sig)
{
	int saved = errno;

	n++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	errno = saved;
}

int
main(void)
{
	struct timespec ts = { 20, 0 };

	catch_signal(SIGCHLD, handler, 0);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			ms(50 + 100 * i);
			_exit(0);
		}
	}
	while (reaped < 3)
		R(nanosleep(&ts, NULL));
	say("signals %d, reaped %d", (int)n, (int)reaped);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) {
		ms(30);
		_exit(0);
	}
	R(waitpid(-1, NULL, 0));
	return 0;
}
