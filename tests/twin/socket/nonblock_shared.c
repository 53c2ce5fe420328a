/* SPDX-License-Identifier: MIT */
/*
 * O_NONBLOCK belongs to the open file: whoever shares it may set it, under
 * another number, in another process, by other calls.  A socket that has been
 * waited for before must notice each time.
 */
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "t.h"

extern char **environ;

static char *self;

static void
set(int fd)
{
	MUST(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

static void *
late(void *arg)
{
	ms(20);
	MUST(send((intptr_t)arg, "x", 1, 0) == 1);
	return NULL;
}

/* A wait, then a short read: from now on all is known about fd. */
static void
wait_once(int fd, int peer)
{
	pthread_t t = spawn(late, (void *)(intptr_t)peer);
	char b[16];

	R(recv(fd, b, sizeof(b), 0));
	pthread_join(t, NULL);
}

static void
by_fcntl(int fd)
{
	set(fd);
}

static void
by_ioctl(int fd)
{
	int on = 1;

	MUST(ioctl(fd, FIONBIO, &on) == 0);
}

static void
by_syscall(int fd)
{
	MUST(syscall(SYS_fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
}

static void
by_dup(int fd)
{
	int other = dup(fd);

	set(other);
	close(other);
}

static void
by_dup2(int fd)
{
	MUST(dup2(fd, 400) == 400);
	set(400);
	close(400);
}

static void
by_dupfd(int fd)
{
	int other = fcntl(fd, F_DUPFD_CLOEXEC, 300);

	set(other);
	close(other);
}

static void
by_fork(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		set(fd);
		_exit(0);
	}
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void
by_vfork(int fd)
{
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	pid = vfork();
	if (pid == 0) {
		execl(self, self, number, (char *)NULL);
		_exit(99);
	}
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void
by_spawn(int fd)
{
	char number[16], *argv[] = { self, number, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	MUST(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void
by_system(int fd)
{
	char line[4200];

	snprintf(line, sizeof(line), "'%s' %d", self, fd);
	MUST(system(line) == 0);
}

static void
by_popen(int fd)
{
	char line[4200];
	FILE *f;

	snprintf(line, sizeof(line), "'%s' %d", self, fd);
	f = popen(line, "r");
	MUST(f && pclose(f) == 0);
}

static void
by_rights(int fd)
{
	union {
		char b[CMSG_SPACE(sizeof(int))];
		struct cmsghdr h;
	} ctl;
	char b[8] = "f";
	struct iovec iov = { b, 1 };
	struct msghdr mh = { .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = ctl.b,
			     .msg_controllen = sizeof(ctl.b) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	int sv[2], other;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(sendmsg(sv[0], &mh, 0) == 1);
	MUST(recvmsg(sv[1], &mh, 0) == 1);
	memcpy(&other, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(other));
	set(other);
	close(other);
	close(sv[0]);
	close(sv[1]);
}

static const struct {
	const char *name;
	void (*how)(int fd);
} ways[] = {
	{ "fcntl", by_fcntl },	     { "ioctl", by_ioctl },
	{ "syscall", by_syscall },   { "dup", by_dup },
	{ "dup2", by_dup2 },	     { "F_DUPFD", by_dupfd },
	{ "fork", by_fork },	     { "vfork", by_vfork },
	{ "posix_spawn", by_spawn }, { "system", by_system },
	{ "popen", by_popen },	     { "SCM_RIGHTS", by_rights },
};

static void *
work(void *arg)
{
	char b[16];
	int sv[2];

	for (size_t i = 0; i < NELEM(ways); i++)
		for (int tcp = 0; tcp < 2; tcp++) {
			say("%s, %s", ways[i].name, tcp ? "tcp" : "unix");
			if (tcp)
				tcp_pair(sv);
			else
				MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ==
				     0);
			wait_once(sv[0], sv[1]);
			wait_once(sv[0], sv[1]);
			ways[i].how(sv[0]);
			R(recv(sv[0], b, sizeof(b), 0));
			R(read(sv[0], b, sizeof(b)));
			/* And back again. */
			MUST(fcntl(sv[0], F_SETFL, O_RDWR) == 0);
			wait_once(sv[0], sv[1]);
			close(sv[0]);
			close(sv[1]);
			/* The numbers, for what never blocks. */
			MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
					sv) == 0);
			R(recv(sv[0], b, sizeof(b), 0));
			close(sv[0]);
			close(sv[1]);
		}
	return arg;
}

int
main(int argc, char **argv)
{
	char path[4096];
	ssize_t n;

	if (argc > 1) {
		set(atoi(argv[1]));
		return 0;
	}
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	MUST(n > 0 && !strchr(path, '\''));
	path[n] = '\0';
	self = path;
	(void)argv;
	pthread_join(spawn(work, NULL), NULL);
	return 0;
}
