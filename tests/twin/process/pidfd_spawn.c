/* SPDX-License-Identifier: MIT */
/* twin: glibc=2.39 */
/* pidfd_spawn and pidfd_spawnp: a descriptor to wait for; errors. */
#include <spawn.h>
#include <sys/pidfd.h>

#include "t.h"

static void *
ticks(void *arg)
{
	int *n = arg;

	for (int i = 0; i < 10; i++) {
		ms(5);
		__atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
	}
	close(open("go", O_CREAT | O_WRONLY, 0600));
	return NULL;
}

static void *
work(void *arg)
{
	char *argv[] = { "sh", "-c",
			 "until [ -e go ]; do sleep 0.02; done; exit 6", NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", NULL };
	struct pollfd p = { .events = POLLIN };
	posix_spawnattr_t at;
	siginfo_t si;
	pthread_t t;
	int fd = -1, n = 0;

	t = spawn(ticks, &n);
	E(pidfd_spawn(&fd, "/bin/sh", NULL, NULL, argv, envp));
	p.fd = fd;
	R(pidfd_getpid(fd) > 0);
	R(poll(&p, 1, 10000));
	say("ticks %d, ready %d", n, p.revents);
	memset(&si, 0, sizeof(si));
	R(waitid(P_PIDFD, (id_t)fd, &si, WEXITED));
	say("status %d", si.si_status);
	R(pidfd_getpid(fd));
	R(waitid(P_PIDFD, (id_t)fd, &si, WEXITED));
	R(close(fd));
	join(t);
	unlink("go");
	argv[2] = "exit 7";
	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGDEF);
	E(pidfd_spawnp(&fd, "sh", NULL, &at, argv, envp));
	R(waitid(P_PIDFD, (id_t)fd, &si, WEXITED));
	say("status %d", si.si_status);
	close(fd);
	fd = -1;
	E(pidfd_spawn(&fd, "/no/such", NULL, NULL, argv, envp));
	E(pidfd_spawnp(&fd, "no such thing", NULL, NULL, argv, envp));
	say("no descriptor: %d", fd);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
