/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 glibc=2.34 */
/*
 * _Fork(3): no handlers run, and the child keeps to what is async-signal-safe.
 * Its waits are good, though other threads held locks of libc, and the parent
 * goes on undisturbed.
 */
#include "t.h"

static int stop, pfd[2];

static void *
allocates(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		pthread_t t;

		if (pthread_create(&t, NULL, (thread_fn)free, malloc(3000)) ==
		    0)
			pthread_join(t, NULL);
	}
	return arg;
}

static void *
reads(void *arg)
{
	char b;

	return (void *)(intptr_t)read(pfd[0], &b, 1);
}

/* Waits in every way that a child of _Fork() may. */
static int
life_in_child(void)
{
	struct timespec ts = { 0, 2000000 };
	struct pollfd p;
	pid_t grand;
	int fd[2], st = 0;
	char b = 0;

	alarm(30);
	if (pipe(fd) != 0)
		return 1;
	p = (struct pollfd){ fd[0], POLLIN, 0 };
	if (poll(&p, 1, 2) != 0 || nanosleep(&ts, NULL) != 0)
		return 2;
	grand = _Fork();
	if (grand == 0) {
		nanosleep(&ts, NULL);
		_exit(write(fd[1], "x", 1) == 1 ? 7 : 8);
	}
	if (read(fd[0], &b, 1) != 1 || b != 'x')
		return 3;
	if (waitpid(grand, &st, 0) != grand || WEXITSTATUS(st) != 7)
		return 4;
	return gettid() == getpid() ? 42 : 5;
}

static void *
forks(void *arg)
{
	int good = 0, st;

	for (int i = 0; i < 20; i++) {
		pid_t p = _Fork();

		if (p == 0)
			_exit(life_in_child());
		MUST(p > 0 && waitpid(p, &st, 0) == p);
		if (st == 42 << 8)
			good++;
		else
			say("status %#x", st);
	}
	say("%s: good %d", (char *)arg, good);
	return NULL;
}

/* The thread's end is the end of the process, which has no other. */
static void *
returns_in_child(void *arg)
{
	pid_t p = _Fork();
	int st;

	if (p == 0)
		return NULL;
	MUST(p > 0 && waitpid(p, &st, 0) == p);
	say("returned in the child: status %#x", st);
	return NULL;
}

int
main(void)
{
	pthread_t a[2], r;

	MUST(pipe(pfd) == 0);
	a[0] = spawn(allocates, NULL);
	a[1] = spawn_kernel(allocates, NULL);
	r = spawn(reads, NULL);
	settle();
	forks("main");
	join(spawn(forks, "thread"));
	join(spawn_kernel(forks, "kernel thread"));
	join(spawn(returns_in_child, NULL));
	stop = 1;
	join(a[0]);
	join(a[1]);
	MUST(write(pfd[1], "x", 1) == 1);
	say("the parent's reader got %ld", (long)join(r));
	return 0;
}
