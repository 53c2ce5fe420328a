/* SPDX-License-Identifier: MIT */
/* siginfo, sa_mask, SA_RESETHAND, SA_NODEFER, old actions, ignored ones. */
#include "t.h"

static volatile sig_atomic_t depth, deepest, value, code, pid_ok, nested;

static void
info(int sig, siginfo_t *si, void *uc)
{
	value = si->si_value.sival_int;
	code = si->si_code;
	pid_ok = si->si_pid == getpid();
}

static void
recurse(int sig)
{
	if (++depth > deepest)
		deepest = depth;
	if (nested++ == 0)
		raise(sig);
	depth--;
}

static void
plain(int sig)
{
	nested++;
}

static void *
work(void *arg)
{
	struct sigaction sa = { 0 }, old;
	union sigval v = { .sival_int = 1234 };

	sa.sa_sigaction = info;
	sa.sa_flags = SA_SIGINFO;
	R(sigaction(SIGUSR1, &sa, &old));
	say("was default %d", old.sa_handler == SIG_DFL);
	R(sigaction(SIGUSR1, NULL, &old));
	say("is ours %d, flags %d", old.sa_sigaction == info,
	    !!(old.sa_flags & SA_SIGINFO));
	E(pthread_sigqueue(pthread_self(), SIGUSR1, v));
	say("value %d, queued %d, pid %d", (int)value, code == SI_QUEUE,
	    (int)pid_ok);
	pthread_kill(pthread_self(), SIGUSR1);
	say("by tkill %d", code == SI_TKILL);

	sa.sa_handler = recurse;
	sa.sa_flags = 0;
	nested = deepest = 0;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	say("deferred: deepest %d, runs %d", (int)deepest, (int)nested);
	sa.sa_flags = SA_NODEFER;
	nested = deepest = 0;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	say("not deferred: deepest %d, runs %d", (int)deepest, (int)nested);
	sa.sa_handler = plain;
	sa.sa_flags = SA_RESETHAND;
	nested = 0;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	say("runs %d, reset %d", (int)nested, old.sa_handler == SIG_DFL);
	R(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
	raise(SIGUSR1);
	R(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	R(sigaction(SIGKILL, &sa, NULL));
	R(sigaction(0, &sa, NULL));
	R(sigaction(65, &sa, NULL));
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
