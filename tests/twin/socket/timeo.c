/* SPDX-License-Identifier: MIT */
/* SO_RCVTIMEO and SO_SNDTIMEO on every call that heeds them. */
#include "t.h"

static int sv[2];

static void
timeo(int fd, int which, int msec)
{
	struct timeval tv = { msec / 1000, msec % 1000 * 1000 };

	MUST(setsockopt(fd, SOL_SOCKET, which, &tv, sizeof(tv)) == 0);
}

static void *
later(void *arg)
{
	ms(100);
	send(sv[1], "late", 4, 0);
	return arg;
}

static void *
work(void *arg)
{
	static char big[1 << 16];
	char b[100];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	pthread_t t;
	double begin;
	ssize_t n, total = 0;

	timeo(sv[0], SO_RCVTIMEO, 60);
	begin = now();
	R(recv(sv[0], b, sizeof(b), 0));
	say("not early: %d, soon: %d", now() - begin >= 0.059,
	    now() - begin < 5);
	R(read(sv[0], b, sizeof(b)));
	R(recvfrom(sv[0], b, sizeof(b), 0, NULL, NULL));
	R(recvmsg(sv[0], &mh, 0));
	R(recv(sv[0], b, 0, 0));
	/* Some of it arrives, then the time is over. */
	send(sv[1], "abc", 3, 0);
	begin = now();
	R(recv(sv[0], b, 10, MSG_WAITALL));
	say("not early: %d", now() - begin >= 0.059);
	timeo(sv[0], SO_RCVTIMEO, 20000);
	t = spawn(later, NULL);
	R(recv(sv[0], b, sizeof(b), 0));
	join(t);
	timeo(sv[0], SO_RCVTIMEO, 0);
	t = spawn(later, NULL);
	R(recv(sv[0], b, sizeof(b), 0));
	join(t);

	timeo(sv[0], SO_SNDTIMEO, 60);
	begin = now();
	while ((n = send(sv[0], big, sizeof(big), 0)) > 0)
		total += n;
	say("send: %s after some %d, not early: %d", ename(errno), total > 0,
	    now() - begin >= 0.059);
	R(write(sv[0], big, sizeof(big)));
	return arg;
}

int
main(void)
{
	for (int k = 0; k < 3; k++) {
		say("-- round %d", k);
		if (k == 2)
			tcp_pair(sv);
		else
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		join(k == 1 ? spawn_kernel(work, NULL) : spawn(work, NULL));
		close(sv[0]);
		close(sv[1]);
	}
	return 0;
}
