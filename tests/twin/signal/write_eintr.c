/* SPDX-License-Identifier: MIT */
/* A blocked send or write that is interrupted: EINTR or a partial count. */
#include <sys/time.h>

#include "t.h"

static volatile sig_atomic_t handled;
static int sv[2], p[2];

static void
on_alarm(int sig)
{
	handled++;
}

static void
arm(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 100000 } };

	handled = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

int
main(void)
{
	static char big[4 << 20];
	ssize_t n;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(pipe(p) == 0);
	catch_signal(SIGALRM, on_alarm, 0);
	/* Some fits: the partial count. */
	arm();
	n = send(sv[0], big, sizeof(big), 0);
	say("send: some %d, handled %d", n > 0 && n < (ssize_t)sizeof(big),
	    (int)handled);
	arm();
	R(send(sv[0], big, sizeof(big), 0));
	say("handled %d", (int)handled);
	arm();
	n = write(p[1], big, sizeof(big));
	say("write: some %d, handled %d", n > 0 && n < (ssize_t)sizeof(big),
	    (int)handled);
	arm();
	R(write(p[1], big, sizeof(big)));
	say("handled %d", (int)handled);
	/* A receive that waits for all gives what has come. */
	int tp[2];
	char b[10];

	tcp_pair(tp);
	MUST(send(tp[1], "abc", 3, 0) == 3);
	arm();
	R(recv(tp[0], b, 10, MSG_WAITALL));
	say("handled %d", (int)handled);
	return 0;
}
