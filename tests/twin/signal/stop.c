/* SPDX-License-Identifier: MIT */
/* SIGSTOP and SIGCONT: waits go on; a handler for SIGCONT gives EINTR. */
#include "t.h"

static volatile sig_atomic_t conts;

static void
on_cont(int sig)
{
	conts++;
}

static void
stopper(pid_t pid)
{
	ms(60);
	kill(pid, SIGSTOP);
	ms(60);
	kill(pid, SIGCONT);
	_exit(0);
}

static void *
sleeps(void *arg)
{
	struct timespec ts = { 0, 250000000 };

	return (void *)(intptr_t)nanosleep(&ts, NULL);
}

int
main(void)
{
	pid_t self = getpid(), child;
	struct timespec ts = { 0, 250000000 };
	pthread_t t = spawn(sleeps, NULL);

	child = fork();
	if (child == 0)
		stopper(self);
	R(nanosleep(&ts, NULL));
	say("thread's %ld", (long)(intptr_t)join(t));
	waitpid(child, NULL, 0);
	catch_signal(SIGCONT, on_cont, 0);
	child = fork();
	if (child == 0)
		stopper(self);
	R(nanosleep(&ts, NULL));
	say("conts %d", (int)conts);
	R(waitpid(child, NULL, 0) == child);
	return 0;
}
