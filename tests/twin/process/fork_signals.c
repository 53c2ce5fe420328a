/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * fork and signals: none is pending in the child, handlers and masks are the
 * parent's, a handler may fork whatever it interrupted.
 */
#include "t.h"

static volatile sig_atomic_t handled, in_child;
static sem_t never;

static void
count(int sig)
{
	handled++;
}

static int
pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

static void *
with_pending(void *arg)
{
	sigset_t set, old;
	pid_t p;
	int st;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigemptyset(&old);
	pthread_kill(pthread_self(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	say("pending: %d %d", pending(SIGUSR1), pending(SIGUSR2));
	p = fork();
	if (p == 0) {
		handled = 0;
		say("in the child: %d %d", pending(SIGUSR1), pending(SIGUSR2));
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		ms(1);
		say("handled in the child: %d", (int)handled);
		raise(SIGUSR1);
		kill(getpid(), SIGUSR2);
		say("its own: %d", (int)handled);
		_exit(0);
	}
	MUST(waitpid(p, &st, 0) == p);
	say("still pending: %d %d", pending(SIGUSR1), pending(SIGUSR2));
	handled = 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	say("handled: %d", (int)handled);
	return arg;
}

static void
forks_in_handler(int sig)
{
	pid_t p = fork();
	int st;

	if (p == 0) {
		in_child = 1;
		return;
	}
	if (p > 0 && waitpid(p, &st, 0) == p)
		say("child of the handler: %#x", st);
}

/* The handler forks, and the child goes on with the wait that it ended. */
static void *
interrupted(void *arg)
{
	int rc = sem_wait(&never), err = errno;

	say("wait: %d %s, in child %d", rc, ename(err), (int)in_child);
	if (in_child) {
		struct timespec ts = in_ms(CLOCK_REALTIME, 5);

		R(sem_timedwait(&never, &ts));
		_exit(9);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t;

	sigset_t set, old;

	sem_init(&never, 0, 0);
	catch_signal(SIGUSR1, count, 0);
	catch_signal(SIGUSR2, count, 0);
	with_pending(NULL);
	/* What is sent to the process shall wait for the thread. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	join(spawn(with_pending, NULL));
	join(spawn_kernel(with_pending, NULL));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	catch_signal(SIGUSR1, forks_in_handler, 0);
	for (int kernel = 0; kernel < 2; kernel++) {
		t = kernel ? spawn_kernel(interrupted, NULL)
			   : spawn(interrupted, NULL);
		settle();
		pthread_kill(t, SIGUSR1);
		join(t);
	}
	return 0;
}
