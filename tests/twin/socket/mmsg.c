/* SPDX-License-Identifier: MIT */
/* sendmmsg and recvmmsg, with and without timeout, waiting for one. */
#include "t.h"

static int sv[2];

static void *
sends(void *arg)
{
	struct iovec iov[5];
	struct mmsghdr mm[5];
	char *text[] = { "a", "bb", "ccc", "dddd", "eeeee" };

	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 5; i++) {
		iov[i] = (struct iovec){ text[i], i + 1 };
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	settle();
	MUST(sendmmsg(sv[1], mm, 5, 0) == 5);
	return arg;
}

static void *
work(void *arg)
{
	struct timespec ts = { 0, 60000000 };
	struct iovec iov[8];
	struct mmsghdr mm[8];
	char buf[8][16];
	int n;
	pthread_t t;

	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ buf[i], 16 };
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	R(recvmmsg(sv[0], mm, 8, MSG_DONTWAIT, NULL));
	t = spawn(sends, NULL);
	R(recvmmsg(sv[0], mm, 5, 0, NULL));
	for (int i = 0; i < 5; i++)
		say("%u %.*s", mm[i].msg_len, (int)mm[i].msg_len, buf[i]);
	join(t);
	t = spawn(sends, NULL);
	/* One or two are there when it wakes up; the rest comes after. */
	n = recvmmsg(sv[0], mm, 2, MSG_WAITFORONE, NULL);
	say("one or two %d", n == 1 || n == 2);
	join(t);
	n += recvmmsg(sv[0], mm, 8, MSG_WAITFORONE, NULL);
	say("in all %d", n);
	ts.tv_nsec = -1;
	R(recvmmsg(sv[0], mm, 8, 0, &ts));
	return arg;
}

int
main(void)
{
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	work(NULL);
	join(spawn(work, NULL));
	join(spawn_kernel(work, NULL));
	return 0;
}
