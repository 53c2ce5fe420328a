/* SPDX-License-Identifier: MIT */
/* fork in main, in a green and in a kernel thread; the child works on. */
#include "t.h"

static __thread int mine = 5;
static int parked_in[2];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static void *
parked(void *arg)
{
	char b;

	read(parked_in[0], &b, 1);
	say("parked thread ends in the parent: %d", getpid() == *(pid_t *)arg);
	return NULL;
}

static void *
adds(void *arg)
{
	int *n = arg;

	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&m);
		++*n;
		pthread_mutex_unlock(&m);
		usleep(100);
	}
	return NULL;
}

static void *
echo(void *arg)
{
	int *sv = arg;
	char b[16];
	ssize_t n;

	while ((n = recv(sv[1], b, sizeof(b), 0)) > 0)
		send(sv[1], b, n, 0);
	return NULL;
}

static int
life_in_child(void)
{
	pthread_t t[8], e;
	int n = 0, sv[2];
	char b[8] = "";
	double begin = now();

	say("child: mine %d, tid is pid %d", mine, gettid() == getpid());
	mine++;
	usleep(20000);
	say("child: slept %d", now() - begin >= 0.02);
	for (int i = 0; i < 8; i++)
		t[i] = i == 3 ? spawn_kernel(adds, &n) : spawn(adds, &n);
	for (int i = 0; i < 8; i++)
		join(t[i]);
	say("child: counted %d", n);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	e = spawn(echo, sv);
	MUST(send(sv[0], "hello", 5, 0) == 5);
	R(recv(sv[0], b, 5, MSG_WAITALL));
	say("child: %s", b);
	shutdown(sv[0], SHUT_WR);
	join(e);
	return 21;
}

static void *
forks(void *arg)
{
	pid_t p;
	int st;

	mine = 6;
	p = fork();
	if (p == 0)
		_exit(life_in_child());
	R(waitpid(p, &st, 0) == p);
	say("status %d, mine %d", WEXITSTATUS(st), mine);
	return arg;
}

static void *
grand(void *arg)
{
	pid_t p = fork();
	int st;

	if (p == 0) {
		usleep(100);
		forks(NULL);
		_exit(22);
	}
	R(waitpid(p, &st, 0) == p);
	say("status %d", WEXITSTATUS(st));
	return arg;
}

static void *
returns_in_child(void *arg)
{
	pid_t p = fork();
	int st;

	if (p == 0) {
		/*
		 * The only thread of the child is not its main thread:
		 * returning from it ends the process with status 0.
		 */
		usleep(100);
		return arg;
	}
	R(waitpid(p, &st, 0) == p);
	say("exited %d, status %d", WIFEXITED(st), WEXITSTATUS(st));
	return arg;
}

int
main(void)
{
	pid_t self = getpid();
	pthread_t t;

	MUST(pipe(parked_in) == 0);
	t = spawn(parked, &self);
	settle();
	say("-- main");
	forks(NULL);
	say("-- green");
	join(spawn(forks, NULL));
	say("-- kernel");
	join(spawn_kernel(forks, NULL));
	say("-- a child's child");
	join(spawn(grand, NULL));
	say("-- return");
	join(spawn(returns_in_child, NULL));
	MUST(write(parked_in[1], "x", 1) == 1);
	join(t);
	return 0;
}
