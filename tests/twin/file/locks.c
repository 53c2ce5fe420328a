/* SPDX-License-Identifier: MIT */
/* File locks: flock, fcntl and lockf wait for another process or file. */
#include <sys/file.h>

#include "t.h"

static int ticks, go[2]; /* what is written lets the first holder go */

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(10);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	MUST(write(go[1], "x", 1) == 1);
	return arg;
}

static pid_t
holder(int how)
{
	int p[2];
	char c;
	pid_t pid;

	MUST(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		struct flock l = { .l_type = F_WRLCK };
		int fd = open("lock", O_RDWR);

		if (how == 0)
			flock(fd, LOCK_EX);
		else
			fcntl(fd, F_SETLK, &l);
		MUST(write(p[1], "x", 1) == 1);
		if (how == 0)
			MUST(read(go[0], &c, 1) == 1);
		ms(150);
		_exit(0);
	}
	MUST(read(p[0], &c, 1) == 1);
	close(p[0]);
	close(p[1]);
	return pid;
}

static void *
work(void *arg)
{
	struct flock l = { .l_type = F_WRLCK };
	int fd = open("lock", O_RDWR | O_CREAT, 0600);
	pthread_t t;
	pid_t pid;

	ticks = 0;
	MUST(pipe(go) == 0);
	pid = holder(0);
	t = spawn(tick, NULL);
	R(flock(fd, LOCK_EX | LOCK_NB));
	R(flock(fd, LOCK_EX));
	say("ticks %d", ticks);
	join(t);
	R(flock(fd, LOCK_UN));
	waitpid(pid, NULL, 0);
	close(go[0]);
	close(go[1]);

	pid = holder(1);
	R(fcntl(fd, F_SETLK, &l));
	R(fcntl(fd, F_SETLKW, &l));
	R(fcntl(fd, F_GETLK, &l));
	l.l_type = F_UNLCK;
	R(fcntl(fd, F_SETLK, &l));
	waitpid(pid, NULL, 0);

	pid = holder(1);
	R(lockf(fd, F_TLOCK, 0));
	R(lockf(fd, F_LOCK, 0));
	R(lockf(fd, F_ULOCK, 0));
	waitpid(pid, NULL, 0);
	close(fd);
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
