/* SPDX-License-Identifier: MIT */
/* sigwait and its kin in a dedicated thread while all others block. */
#include "t.h"

static sigset_t set;
static sem_t got;
static volatile sig_atomic_t handled;

static void
handler(int sig)
{
	handled++;
}

static void *
waiter(void *arg)
{
	struct timespec ts = { 0, 50000000 };
	siginfo_t si;
	int sig;
	double begin;

	for (int i = 0; i < 3; i++) {
		E(sigwait(&set, &sig));
		say("signal %s", sig == SIGUSR1	  ? "usr1"
				 : sig == SIGTERM ? "term"
						  : "other");
		sem_post(&got);
	}
	R(sigwaitinfo(&set, &si) - SIGRTMIN);
	say("value %d code %d", si.si_value.sival_int, si.si_code == SI_QUEUE);
	sem_post(&got);
	begin = now();
	R(sigtimedwait(&set, &si, &ts));
	say("not early %d", now() - begin >= 0.050);
	ts = (struct timespec){ 0, 0 };
	R(sigtimedwait(&set, &si, &ts));
	ts = (struct timespec){ 0, -1 };
	R(sigtimedwait(&set, &si, &ts));
	ts = (struct timespec){ 20, 0 };
	sem_post(&got);
	R(sigtimedwait(&set, &si, &ts) - SIGUSR1);
	return arg;
}

static void
with(pthread_t (*make)(thread_fn, void *))
{
	pthread_t t = make(waiter, NULL);

	settle();
	kill(getpid(), SIGUSR1);
	sem_wait(&got);
	pthread_kill(t, SIGTERM);
	sem_wait(&got);
	/* Pending before it waits again. */
	kill(getpid(), SIGUSR1);
	sem_wait(&got);
	settle();
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 });
	sem_wait(&got);
	sem_wait(&got);
	settle();
	pthread_kill(t, SIGUSR1);
	join(t);
}

int
main(void)
{
	sem_init(&got, 0, 0);
	catch_signal(SIGUSR1, handler, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	with(spawn);
	say("-- kernel");
	with(spawn_kernel);
	say("handled %d", (int)handled);
	return 0;
}
