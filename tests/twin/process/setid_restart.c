/* SPDX-License-Identifier: MIT */
/*
 * setuid and its kin while other threads are in system calls: what would be
 * restarted after a handler goes on, and only the rest ends with EINTR.
 */
#include "t.h"

#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>

static int pfd[2], listener, queue, lock_fd;
static sem_t sem;

static void *
reads(void *arg)
{
	char b = 0;
	ssize_t n = read(pfd[0], &b, 1);

	return n < 0 ? (void *)ename(errno) : n == 1 ? "read 1" : "read 0";
}

static void *
accepts(void *arg)
{
	int fd = accept(listener, NULL, NULL);

	return fd < 0 ? (void *)ename(errno) : close(fd) == 0 ? "accepted" : "";
}

static void *
waits(void *arg)
{
	return sem_wait(&sem) < 0 ? (void *)ename(errno) : "got it";
}

static void *
joins(void *arg)
{
	pthread_t t = spawn(reads, NULL);

	return join(t);
}

static void *
waits_for_any(void *arg)
{
	int st;

	return wait4(-1, &st, 0, NULL) < 0 ? (void *)ename(errno)
					   : "child ended";
}

static void *
locks(void *arg)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *e = flock(fd, LOCK_EX) < 0 ? (char *)ename(errno) : "locked";

	close(fd);
	return e;
}

int
main(void)
{
	static const struct {
		const char *name;
		thread_fn fn;
	} tbl[] = {
		{ "read", reads },   { "accept", accepts },
		{ "sem_wait", waits }, { "join", joins },
		{ "wait4", waits_for_any }, { "flock", locks },
	};
	struct sockaddr_in addr;
	pthread_t t[2 * NELEM(tbl)];
	int st, go[2];
	pid_t p;
	char b;

	sem_init(&sem, 0, 0);
	MUST(pipe(pfd) == 0 && pipe(go) == 0);
	listener = listen_tcp(&addr, 10);
	lock_fd = open("/proc/self/exe", O_RDONLY);
	MUST(flock(lock_fd, LOCK_EX) == 0);
	for (int i = 0; i < 2; i++) {
		p = fork();
		if (p == 0) {
			close(lock_fd);
			close(go[1]);
			_exit((int)read(go[0], &b, 1));
		}
		MUST(p > 0);
	}
	for (size_t i = 0; i < NELEM(tbl); i++) {
		t[2 * i] = spawn(tbl[i].fn, NULL);
		t[2 * i + 1] = spawn_kernel(tbl[i].fn, NULL);
	}
	settle();
	for (int i = 0; i < 5; i++) {
		MUST(setuid(getuid()) == 0 && setgid(getgid()) == 0);
		ms(5);
	}
	for (size_t i = 0; i < 4; i++)
		MUST(write(pfd[1], "x", 1) == 1);
	for (int i = 0; i < 2; i++) {
		close(connect_tcp(&addr));
		sem_post(&sem);
	}
	close(lock_fd);
	close(go[1]);
	for (size_t i = 0; i < NELEM(t); i++)
		say("%s: %s", tbl[i / 2].name, (char *)join(t[i]));
	st = wait(NULL);
	say("children left: %d", st > 0);
	return 0;
}
