/* SPDX-License-Identifier: MIT */
/* ppoll, pselect and epoll_pwait with a signal mask: EINTR, delivered. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "t.h"

static volatile sig_atomic_t handled;

static void
on_signal(int sig)
{
	handled++;
}

int
main(void)
{
	struct timespec ts = { 20, 0 }, shortly = { 0, 20000000 };
	struct epoll_event ev;
	struct pollfd p;
	sigset_t block, none, now_mask;
	int sv[2], ep = epoll_create1(0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	p = (struct pollfd){ sv[0], POLLIN, 0 };
	catch_signal(SIGUSR1, on_signal, SA_RESTART);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	for (int k = 0; k < 4; k++) {
		raise(SIGUSR1);
		say("handled %d", (int)handled);
		/* Pending: it must come as soon as the mask lets it. */
		switch (k) {
		case 0:
			R(ppoll(&p, 1, &ts, &none));
			break;
		case 1:
			R(pselect(0, NULL, NULL, NULL, &ts, &none));
			break;
		case 2:
			R(epoll_pwait(ep, &ev, 1, 20000, &none));
			break;
		case 3:
			R(sigsuspend(&none));
		}
		say("handled %d", (int)handled);
		pthread_sigmask(SIG_SETMASK, NULL, &now_mask);
		say("blocked again %d", sigismember(&now_mask, SIGUSR1));
	}
	R(ppoll(&p, 1, &shortly, &none));
	R(ppoll(&p, 1, &shortly, NULL));
	raise(SIGUSR1);
	R(ppoll(&p, 1, &shortly, &block));
	say("handled %d", (int)handled);
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	say("handled %d", (int)handled);
	return 0;
}
