/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * Every signal there is: what it does by default to a process whose thread
 * waits, to a handler when it is sent to a thread that waits or to the process,
 * ignored, and pending; and how real-time signals queue.
 */
#include <sys/resource.h>

#include "t.h"

static volatile sig_atomic_t handled, last;
static volatile int order[64], norder;

static void
handler(int sig)
{
	handled++;
	last = sig;
}

static int p[2];

/* A green thread that waits for what does not come. */
static void *
parked(void *arg)
{
	char b;

	while (read(p[0], &b, 1) < 0 && errno == EINTR)
		;
	return arg;
}

static const char *
ended(int st)
{
	static char b[64];

	snprintf(b, sizeof(b), "%s %d", WIFEXITED(st) ? "exit" :
	    WIFSTOPPED(st) ? "stopped" : "signal", WIFEXITED(st) ?
	    WEXITSTATUS(st) : WIFSTOPPED(st) ? WSTOPSIG(st) : WTERMSIG(st));
	return b;
}

/* Nothing happens by default. */
static int
ignored(int sig)
{
	return sig == SIGCHLD || sig == SIGCONT || sig == SIGURG ||
	    sig == SIGWINCH;
}

/* The default: sent by the parent, by the process to itself, to a thread. */
static void
defaults(int sig)
{
	struct rlimit none = { 0, 0 };
	char line[128] = "";
	int q[2], st;

	for (int how = 0; how < 3; how++) {
		pthread_t t;
		pid_t pid;

		MUST(pipe(p) == 0 && pipe(q) == 0);
		pid = fork();
		if (pid == 0) {
			close(p[1]);
			/* Terminals' signals stop no group that nobody minds. */
			setpgid(0, 0);
			setrlimit(RLIMIT_CORE, &none);
			t = spawn(parked, NULL);
			MUST(write(q[1], "x", 1) == 1);
			if (how == 1)
				kill(getpid(), sig);
			else if (how == 2)
				pthread_kill(t, sig);
			/* Until the signal has come, or there is none to. */
			if (how == 0 || !ignored(sig))
				parked(NULL);
			_exit(0);
		}
		MUST(read(q[0], &st, 1) == 1);
		if (how == 0)
			kill(pid, sig);
		if (ignored(sig))
			close(p[1]);
		MUST(waitpid(pid, &st, WUNTRACED) == pid);
		sprintf(line + strlen(line), "%s%s", how ? ", " : "",
			ended(st));
		if (WIFSTOPPED(st)) {
			kill(pid, SIGKILL);
			kill(pid, SIGCONT);
			waitpid(pid, NULL, 0);
		}
		close(p[0]);
		if (!ignored(sig))
			close(p[1]);
		close(q[0]);
		close(q[1]);
	}
	say("%d: %s", sig, line);
}

static pthread_t waiting;
static sem_t in;

static void *
waits(void *arg)
{
	struct timespec long_ = { 60, 0 };

	waiting = pthread_self();
	sem_post(&in);
	for (;;) {
		/* Each handler ends the sleep. */
		int before = handled;

		if (handled < (int)(intptr_t)arg || before == 0)
			nanosleep(&long_, NULL);
		if (last == SIGUSR2 && handled >= (int)(intptr_t)arg)
			return NULL;
	}
}

/* Handlers: in a thread that waits, and in whoever the process's signal hits. */
static void
handlers(void)
{
	pthread_t t;
	int ok = 0, sent = 0;

	handled = last = 0;
	sem_init(&in, 0, 0);
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33)
			catch_signal(sig, handler, 0);
	t = spawn(waits, (void *)61l);
	sem_wait(&in);
	for (int sig = 1; sig < 65; sig++) {
		int before = handled;

		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33 ||
		    sig == SIGUSR2)
			continue;
		sent++;
		if (pthread_kill(t, sig) != 0)
			say("%d not sent", sig);
		for (int i = 0; i < 20000 && handled == before; i++)
			ms(1);
		if (handled == before + 1 && last == sig)
			ok++;
		else
			say("to a thread: %d, handled %d, last %d", sig,
			    (int)handled - before, (int)last);
	}
	say("to a thread: %d of %d", ok, sent);
	/* Until it is not asleep any more. */
	while (pthread_tryjoin_np(t, NULL) != 0) {
		pthread_kill(t, SIGUSR2);
		ms(1);
	}
	ok = sent = 0;
	for (int sig = 1; sig < 65; sig++) {
		int before = handled;

		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		sent++;
		kill(getpid(), sig);
		for (int i = 0; i < 20000 && handled == before; i++)
			ms(1);
		if (handled == before + 1 && last == sig)
			ok++;
		else
			say("to the process: %d, handled %d, last %d", sig,
			    (int)handled - before, (int)last);
	}
	say("to the process: %d of %d", ok, sent);
	ok = sent = 0;
	for (int sig = 1; sig < 65; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		sent++;
		handled = 0;
		signal(sig, SIG_IGN);
		raise(sig);
		kill(getpid(), sig);
		pthread_kill(pthread_self(), sig);
		ok += handled == 0;
	}
	say("ignored: %d of %d", ok, sent);
}

static void
notes(int sig, siginfo_t *si, void *uc)
{
	order[norder++] = sig * 1000 + si->si_value.sival_int;
}

/* While they are blocked: standard ones once, real-time ones as often as sent. */
static void *
queues(void *arg)
{
	static const int sigs[] = { 0, 7, 3, 0, 3, 7, 1 };
	struct sigaction sa = { .sa_sigaction = notes,
				.sa_flags = SA_SIGINFO };
	sigset_t set, old, pend;
	int to_thread = arg != NULL;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigfillset(&sa.sa_mask);
	sigaction(SIGUSR1, &sa, NULL);
	for (size_t i = 0; i < NELEM(sigs); i++) {
		sigaddset(&set, SIGRTMIN + sigs[i]);
		sigaction(SIGRTMIN + sigs[i], &sa, NULL);
	}
	pthread_sigmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 3; i++)
		pthread_kill(pthread_self(), SIGUSR1);
	for (size_t i = 0; i < NELEM(sigs); i++) {
		union sigval v = { .sival_int = (int)i };

		if (to_thread)
			E(pthread_sigqueue(pthread_self(), SIGRTMIN + sigs[i],
					   v));
		else
			R(sigqueue(getpid(), SIGRTMIN + sigs[i], v));
	}
	sigpending(&pend);
	for (int sig = SIGRTMIN; sig < SIGRTMIN + 9; sig++)
		say("%d pending %d", sig, sigismember(&pend, sig));
	norder = 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (int i = 0; i < 20000 && norder < 8; i++)
		ms(1);
	for (int i = 0; i < norder; i++)
		say("came %d", order[i]);
	return NULL;
}

int
main(void)
{
	for (int sig = 1; sig <= 65; sig++) {
		if (sig == 32 || sig == 33 || sig == 65) {
			R(signal(sig, SIG_IGN) == SIG_ERR);
			E(pthread_kill(pthread_self(), sig));
			R(sig == 65 ? kill(getpid(), sig) : 0);
			continue;
		}
		defaults(sig);
	}
	handlers();
	say("-- queues of the process");
	queues(NULL);
	say("-- of a thread");
	queues(p);
	say("-- of a green one");
	join(spawn(queues, p));
	return 0;
}
