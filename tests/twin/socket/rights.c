/* SPDX-License-Identifier: MIT */
/* Descriptors over a unix socket (SCM_RIGHTS), used at once. */
#include "t.h"

static int sv[2];

static void
send_fd(int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { "f", 1 };
	struct msghdr mh = { .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = ctl,
			     .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	MUST(sendmsg(sv[1], &mh, 0) == 1);
}

static int
recv_fd(int flags)
{
	char ctl[CMSG_SPACE(sizeof(int))] = "", b[8];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr mh = { .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = ctl,
			     .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;
	ssize_t n = recvmsg(sv[0], &mh, flags);
	int fd = -1;

	c = CMSG_FIRSTHDR(&mh);
	if (n == 1 && c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void *
receiver(void *arg)
{
	for (int i = 0; i < 10; i++) {
		char b[16];
		int fd = recv_fd(i % 2 ? MSG_CMSG_CLOEXEC : 0);
		ssize_t n;

		say("got one: %d, cloexec %d", fd >= 0,
		    !!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
		n = read(fd, b, sizeof(b));
		say("%.*s", (int)n, b);
		n = read(fd, b, sizeof(b));
		say("then %zd", n);
		close(fd);
	}
	return arg;
}

int
main(void)
{
	pthread_t t;
	pid_t pid;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(receiver, NULL);
	for (int i = 0; i < 10; i++) {
		int p[2];

		MUST(pipe(p) == 0);
		settle();
		send_fd(p[0]);
		close(p[0]);
		ms(20);
		MUST(write(p[1], "through", 7) == 7);
		ms(20);
		close(p[1]);
		ms(20);
	}
	join(t);
	/* From another process. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int p[2];

		MUST(pipe(p) == 0);
		send_fd(p[0]);
		settle();
		MUST(write(p[1], "child's", 7) == 7);
		_exit(0);
	}
	char b[16];
	int fd = recv_fd(0);
	ssize_t n = read(fd, b, sizeof(b));

	say("%.*s", (int)n, b);
	waitpid(pid, NULL, 0);
	R(read(fd, b, sizeof(b)));
	return 0;
}
