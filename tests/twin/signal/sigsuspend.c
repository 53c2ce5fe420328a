/* SPDX-License-Identifier: MIT */
/* sigsuspend in main: the mask is swapped for the wait and comes back. */
#include <sys/time.h>

#include "t.h"

static volatile sig_atomic_t alarms, usr1;

static void
handler(int sig)
{
	if (sig == SIGALRM)
		alarms++;
	else
		usr1++;
}

static void *
sends(void *arg)
{
	settle();
	kill(getpid(), SIGUSR1);
	ms(60);
	kill(getpid(), SIGALRM);
	return arg;
}

int
main(void)
{
	sigset_t both, wait_mask, old;
	pthread_t t;

	catch_signal(SIGALRM, handler, SA_RESTART);
	catch_signal(SIGUSR1, handler, SA_RESTART);
	sigemptyset(&both);
	sigaddset(&both, SIGALRM);
	sigaddset(&both, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	sigemptyset(&wait_mask);
	sigaddset(&wait_mask, SIGUSR1);
	t = spawn(sends, NULL);
	R(sigsuspend(&wait_mask));
	say("alarms %d, usr1 %d", (int)alarms, (int)usr1);
	pthread_sigmask(SIG_SETMASK, NULL, &old);
	say("blocked %d %d", sigismember(&old, SIGALRM),
	    sigismember(&old, SIGUSR1));
	join(t);
	sigemptyset(&wait_mask);
	R(sigsuspend(&wait_mask));
	say("alarms %d, usr1 %d", (int)alarms, (int)usr1);
	return 0;
}
