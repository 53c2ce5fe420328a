/* SPDX-License-Identifier: MIT */
/* Named semaphores, in one process and between two. */
#include "t.h"

static sem_t *s, *r;

static void *
waiter(void *arg)
{
	for (int i = 0; i < 100; i++)
		sem_wait(s);
	return arg;
}

int
main(void)
{
	char n1[40], n2[40];
	pthread_t t;
	pid_t pid;
	int st, v;

	snprintf(n1, sizeof(n1), "/twin.a.%d", getpid());
	snprintf(n2, sizeof(n2), "/twin.b.%d", getpid());
	s = sem_open(n1, O_CREAT | O_EXCL, 0600, 0);
	MUST(s != SEM_FAILED);
	r = sem_open(n1, O_CREAT | O_EXCL, 0600, 0);
	say("twice: %d %s", r == SEM_FAILED, ename(errno));
	r = sem_open(n2, O_CREAT | O_EXCL, 0600, 0);
	MUST(r != SEM_FAILED);
	t = spawn(waiter, NULL);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			sem_post(s);
		sem_wait(r);
		_exit(3);
	}
	join(t);
	R(sem_post(r));
	waitpid(pid, &st, 0);
	say("child %d", WEXITSTATUS(st));
	R(sem_getvalue(s, &v));
	say("value %d", v);
	R(sem_close(s));
	R(sem_close(r));
	R(sem_unlink(n1));
	R(sem_unlink(n2));
	R(sem_unlink(n2));
	return 0;
}
