/* SPDX-License-Identifier: MIT */
/* signalfd, inotify and pidfd: reads and polls that wait for events. */
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "t.h"

static void *
later(void *arg)
{
	settle();
	switch ((int)(intptr_t)arg) {
	case 0:
		kill(getpid(), SIGUSR1);
		break;
	case 1:
		close(creat("watched/file", 0600));
		break;
	}
	return NULL;
}

static void *
work(void *arg)
{
	union {
		struct inotify_event ev;
		char space[4096];
	} in;
	struct signalfd_siginfo si;
	struct pollfd p;
	sigset_t s;
	pthread_t t;
	pid_t pid;
	int fd, st;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	fd = signalfd(-1, &s, 0);
	t = spawn(later, (void *)0);
	R(read(fd, &si, sizeof(si)));
	say("signal %d from self %d", (int)si.ssi_signo,
	    (pid_t)si.ssi_pid == getpid());
	join(t);
	close(fd);

	MUST(system("rm -rf watched; mkdir watched") == 0);
	fd = inotify_init();
	R(inotify_add_watch(fd, "watched", IN_CREATE));
	t = spawn(later, (void *)1);
	say("read some %d", read(fd, &in, sizeof(in)) > 0);
	say("%s", in.ev.name);
	join(t);
	close(fd);

	pid = fork();
	if (pid == 0) {
		ms(50);
		_exit(4);
	}
	fd = syscall(SYS_pidfd_open, pid, 0);
	p = (struct pollfd){ fd, POLLIN, 0 };
	R(poll(&p, 1, -1));
	say("revents %#x", p.revents);
	waitpid(pid, &st, 0);
	say("status %d", WEXITSTATUS(st));
	close(fd);
	return arg;
}

int
main(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
