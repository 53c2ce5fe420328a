/* SPDX-License-Identifier: MIT */
/* Short reads: message boundaries must not be mistaken for emptiness. */
#include "t.h"

static int sv[2];
static sem_t step;

static void *
writer(void *arg)
{
	for (int i = 0; i < 50; i++) {
		char b[100];

		memset(b, 'a' + i % 26, sizeof(b));
		/* Two at once: the second is there when the first is read. */
		send(sv[1], b, 10 + i % 5, 0);
		send(sv[1], b, 20 + i % 7, 0);
		sem_wait(&step);
	}
	return arg;
}

static void
run(const char *name, int type)
{
	char b[100];
	pthread_t t;
	int good = 0;

	MUST(socketpair(AF_UNIX, type, 0, sv) == 0);
	t = spawn(writer, NULL);
	for (int i = 0; i < 50; i++) {
		int one = 10 + i % 5, two = 20 + i % 7;

		if (type == SOCK_STREAM) {
			int n = 0;

			while (n < one + two) {
				ssize_t r = recv(sv[0], b, 7, 0);

				if (r <= 0 || b[0] != 'a' + i % 26)
					break;
				n += r;
			}
			good += n == one + two;
		} else {
			good += recv(sv[0], b, sizeof(b), 0) == one &&
				recv(sv[0], b, sizeof(b), 0) == two;
		}
		sem_post(&step);
	}
	join(t);
	say("%s: %d", name, good);
	close(sv[0]);
	close(sv[1]);
}

static void *
two_rights(void *arg)
{
	/* The kernel ends a read before a message with descriptors. */
	char ctl[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { "SECOND", 6 };
	struct msghdr mh = { .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = ctl,
			     .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	int fd = 1;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	send(sv[1], "first", 5, 0);
	sendmsg(sv[1], &mh, 0);
	send(sv[1], "third", 5, 0);
	return arg;
}

int
main(void)
{
	char b[100];

	sem_init(&step, 0, 0);
	run("stream", SOCK_STREAM);
	run("datagram", SOCK_DGRAM);
	run("seqpacket", SOCK_SEQPACKET);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	join(spawn(two_rights, NULL));
	R(recv(sv[0], b, sizeof(b), 0));
	R(recv(sv[0], b, sizeof(b), 0));
	R(recv(sv[0], b, sizeof(b), MSG_DONTWAIT));
	return 0;
}
