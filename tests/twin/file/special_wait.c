/* SPDX-License-Identifier: MIT */
/* signalfd, inotify, pidfd, memfd: what reads wait on, and ESPIPE. */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "t.h"

static int ticks, how;

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
acts(void *arg)
{
	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	settle();
	if (how == 0)
		kill(getpid(), SIGUSR2);
	else
		close(open("watched/file", O_CREAT | O_WRONLY, 0600));
	return arg;
}

static void *
work(void *arg)
{
	struct signalfd_siginfo si;
	char b[4096];
	struct iovec iov = { b, 8 };
	struct pollfd pf = { .events = POLLIN };
	pthread_t t, u;
	sigset_t s;
	int fd, p[2], st;
	ssize_t n;
	pid_t pid;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	fd = signalfd(-1, &s, 0);
	ticks = how = 0;
	t = spawn(acts, NULL);
	u = spawn(tick, NULL);
	R(read(fd, &si, sizeof(si)) == sizeof(si));
	say("signal %d, ticks %d", si.ssi_signo == SIGUSR2, ticks);
	join(t);
	join(u);
	R(read(fd, &si, 8));
	close(fd);

	fd = inotify_init1(0);
	R(inotify_add_watch(fd, "watched", IN_CREATE) > 0);
	ticks = 0;
	how = 1;
	t = spawn(acts, NULL);
	u = spawn(tick, NULL);
	n = read(fd, b, sizeof(b));
	say("inotify %d %s, ticks %d", n > 0,
	    ((struct inotify_event *)b)->name, ticks);
	join(t);
	join(u);
	unlink("watched/file");
	close(fd);

	pid = fork();
	if (pid == 0) {
		usleep(100000);
		_exit(3);
	}
	pf.fd = fd = (int)syscall(SYS_pidfd_open, pid, 0);
	ticks = 0;
	u = spawn(tick, NULL);
	R(poll(&pf, 1, -1));
	say("ticks %d", ticks);
	join(u);
	R(read(fd, b, 8));
	R(waitpid(pid, &st, 0) == pid);
	close(fd);

	MUST(pipe(p) == 0);
	R(pread(p[0], b, 8, 0));
	R(pwrite(p[1], b, 8, 0));
	R(preadv(p[0], &iov, 1, 0));
	R(pwritev(p[1], &iov, 1, 0));
	R(preadv2(p[0], &iov, 1, 5, 0));
	R(lseek(p[0], 0, SEEK_CUR));
	R(read(p[1], b, 1));
	R(write(p[0], b, 1));
	R(read(p[0], b, 0));
	R(write(p[1], b, 0));
	R(read(-1, b, 1));
	R(read(p[0], (void *)8, 0));
	R(write(p[1], (void *)8, 8));
	MUST(write(p[1], "left", 4) == 4);
	R(read(p[0], (void *)8, 8));
	R(readv(p[0], (void *)8, 1));
	R(readv(p[0], &iov, -1));
	R(readv(p[0], &iov, 100000));
	iov.iov_len = -1;
	R(readv(p[0], &iov, 1));
	R(writev(p[1], &iov, 1));
	R(read(p[0], b, (size_t)-1));
	close(p[0]);
	close(p[1]);
	return arg;
}

int
main(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigprocmask(SIG_BLOCK, &s, NULL);
	MUST(mkdir("watched", 0700) == 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
