/* SPDX-License-Identifier: MIT */
/* The older names: sigpause, sigblock, sighold, sigset and their kin. */
#include "t.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern int __sigpause(int, int);
extern int bsd_pause(int) __asm__("sigpause");

static volatile sig_atomic_t ran;

static void
handler(int sig)
{
	ran = sig;
}

static const char *
disp(void (*fn)(int))
{
	return fn == SIG_ERR ? "ERR" : fn == SIG_DFL ? "DFL"
	    : fn == SIG_IGN ? "IGN" : fn == SIG_HOLD ? "HOLD"
	    : fn == handler ? "handler" : "other";
}

static void *
sends(void *arg)
{
	settle();
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void
blocked(const char *text)
{
	sigset_t s;

	pthread_sigmask(SIG_BLOCK, NULL, &s);
	say("%s: USR1 %d USR2 %d TERM %d", text, sigismember(&s, SIGUSR1),
	    sigismember(&s, SIGUSR2), sigismember(&s, SIGTERM));
}

static void *
work(void *arg)
{
	pthread_t self = pthread_self(), t;
	int m1 = sigmask(SIGUSR1), m2 = sigmask(SIGUSR2);

	say("sigblock %x", sigblock(m1) & (m1 | m2));
	blocked("blocked");
	say("sigsetmask %x", sigsetmask(m1 | m2) & (m1 | m2));
	blocked("set");
	say("siggetmask %x", siggetmask() & (m1 | m2));
	sigsetmask(0);
	blocked("none");
	R(sighold(SIGTERM));
	R(sighold(0));
	R(sighold(1000));
	R(sighold(SIGKILL));
	blocked("held");
	R(sigrelse(SIGTERM));
	R(sigrelse(-1));
	blocked("released");

	say("sigset %s", disp(sigset(SIGUSR1, handler)));
	R(raise(SIGUSR1));
	say("ran %d", ran == SIGUSR1);
	say("sigset hold %s", disp(sigset(SIGUSR1, SIG_HOLD)));
	say("sigset hold %s", disp(sigset(SIGUSR1, SIG_HOLD)));
	blocked("held");
	ran = 0;
	R(raise(SIGUSR1));
	say("ran %d", ran == SIGUSR1);
	say("sigset %s", disp(sigset(SIGUSR1, handler)));
	say("ran %d", ran == SIGUSR1);
	say("sigset %s", disp(sigset(SIGKILL, handler)));
	say("sigset %s", disp(sigset(0, handler)));
	R(sigignore(SIGUSR2));
	R(raise(SIGUSR2));
	R(sigignore(SIGKILL));
	R(sigignore(0));

	/* Each lets the signal in for its own time only. */
	sighold(SIGUSR1);
	for (int how = 0; how < 3; how++) {
		ran = 0;
		t = spawn(sends, &self);
		if (how == 0)
			R(sigpause(SIGUSR1)); /* XPG's */
		else if (how == 1)
			R(bsd_pause(m2));
		else
			R(__sigpause(m2, 0));
		join(t);
		say("ran %d", ran == SIGUSR1);
		blocked("after");
	}
	R(__sigpause(0, 1));
	R(__sigpause(1000, 1));
	sigrelse(SIGUSR1);
	say("sigset %s", disp(sigset(SIGUSR1, SIG_DFL)));
	say("sigset %s", disp(sigset(SIGUSR2, SIG_DFL)));
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
