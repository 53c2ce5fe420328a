/* SPDX-License-Identifier: MIT */
/* clone(2): copies with threads of their own, borrowers that exec, by number. */
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "t.h"

static int variable = 1;

static void *
naps(void *arg)
{
	ms(20);
	return arg;
}

static int
copy(void *arg)
{
	long n = 0;
	pthread_t t[3];

	variable = 2;
	IS(gettid() == getpid());
	for (intptr_t i = 0; i < 3; i++)
		t[i] = spawn(naps, (void *)i);
	for (int i = 0; i < 3; i++)
		n += (intptr_t)join(t[i]);
	say("child of %s: %ld", (char *)arg, n);
	return 3;
}

static int
borrows(void *arg)
{
	char *argv[] = { "sh", "-c", "exit 5", NULL };

	variable = 7;
	close(*(int *)arg);
	dup2(1, 99);
	execv("/bin/sh", argv);
	_exit(1);
}

static void *
work(void *arg)
{
	size_t size = 1 << 20;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int st, fd = dup(0);
	pthread_t t;
	pid_t pid;

	t = spawn(naps, NULL);
	pid = clone(copy, stack + size, SIGCHLD, "clone");
	MUST(waitpid(pid, &st, 0) == pid);
	say("status %d, variable %d", WEXITSTATUS(st), variable);
	join(t);
	pid = clone(borrows, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD,
		    &fd);
	MUST(waitpid(pid, &st, 0) == pid);
	say("status %d, variable %d", WEXITSTATUS(st), variable);
	R(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	variable = 1;
	R(clone(NULL, stack + size, SIGCHLD, NULL));
	R(clone(copy, NULL, SIGCHLD, NULL));
	R(clone(copy, stack + size, CLONE_THREAD | SIGCHLD, NULL));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(copy("number"));
	MUST(waitpid(pid, &st, 0) == pid);
	say("status %d", WEXITSTATUS(st));
	/* And we go on as before. */
	t = spawn(naps, (void *)4);
	say("joined %ld", (long)(intptr_t)join(t));
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
