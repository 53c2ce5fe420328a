/* SPDX-License-Identifier: MIT */
/*
 * Work that shows what is disturbed: bytes through pipes, a counter under a
 * lock, threads made and joined, children, calls on helpers, sleeps.  Says
 * "begins", and "all right" after 3 seconds if nothing failed; no call may end
 * with EINTR, since the program has no handler.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter, expected;
static volatile int stop;

static void
must(int good, const char *what)
{
	if (!good) {
		printf("%s: %s\n", what, strerror(errno));
		fflush(stdout);
		_exit(9);
	}
}

static void *
writes(void *arg)
{
	int fd = (int)(intptr_t)arg;
	unsigned char c = 0;

	while (!stop) {
		must(write(fd, &c, 1) == 1, "write");
		c++;
	}
	close(fd);
	return NULL;
}

static void *
reads(void *arg)
{
	int fd = (int)(intptr_t)arg;
	unsigned char c, want = 0;
	ssize_t n;

	while ((n = read(fd, &c, 1)) == 1)
		must(c == want++, "another byte");
	must(n == 0, "read");
	return NULL;
}

static void *
counts(void *arg)
{
	volatile unsigned spin;
	long n = 0;

	while (!stop) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
		n++;
		for (spin = 0; spin < 1000; spin++)
			;
	}
	__atomic_fetch_add(&expected, n, __ATOMIC_SEQ_CST);
	return arg;
}

static void *
nothing(void *arg)
{
	return arg;
}

static void *
spawns(void *arg)
{
	pthread_t t;
	void *v;

	while (!stop) {
		must(pthread_create(&t, NULL, nothing, arg) == 0, "create");
		must(pthread_join(t, &v) == 0 && v == arg, "join");
	}
	return NULL;
}

static void *
forks(void *arg)
{
	int status;
	pid_t pid;

	while (!stop) {
		pid = fork();
		if (pid == 0)
			_exit(7);
		must(pid > 0, "fork");
		must(waitpid(pid, &status, 0) == pid, "waitpid");
		must(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status");
	}
	return arg;
}

static void *
hops(void *arg)
{
	int fd;

	while (!stop) {
		fd = open(arg, O_RDWR);
		must(fd >= 0, "open");
		must(flock(fd, LOCK_EX) == 0, "flock");
		must(flock(fd, LOCK_UN) == 0, "unlock");
		close(fd);
	}
	return NULL;
}

static void *
sleeps(void *arg)
{
	struct timespec ms = { 0, 1000000 };

	while (!stop)
		must(nanosleep(&ms, NULL) == 0, "nanosleep");
	return arg;
}

int
main(void)
{
	char file[] = "/tmp/mixio-busy-XXXXXX";
	pthread_t t[16];
	int p[2], i, n = 0;

	must(mkstemp(file) >= 0, "mkstemp");
	puts("begins");
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		must(pipe(p) == 0, "pipe");
		pthread_create(&t[n++], NULL, writes, (void *)(intptr_t)p[1]);
		pthread_create(&t[n++], NULL, reads, (void *)(intptr_t)p[0]);
		pthread_create(&t[n++], NULL, counts, NULL);
		pthread_create(&t[n++], NULL, hops, file);
	}
	pthread_create(&t[n++], NULL, spawns, &n);
	pthread_create(&t[n++], NULL, forks, NULL);
	pthread_create(&t[n++], NULL, sleeps, NULL);
	for (i = 0; i < 300; i++)
		must(usleep(10000) == 0, "usleep");
	stop = 1;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	unlink(file);
	must(counter == expected, "the counter");
	puts("all right");
	return 0;
}
