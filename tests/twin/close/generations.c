/* SPDX-License-Identifier: MIT */
/* twin: expect */
/*
 * A number is closed under a waiter and reused at once: the waiter must not
 * take anything from the new file (natively it would stay in the old one).
 */
#include "t.h"

static int fd, other;
static int bad;

static void *
old_waiter(void *arg)
{
	char b[64];
	ssize_t n = recv(fd, b, sizeof(b), 0);

	if (n != -1 || errno != EBADF)
		__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void *
new_reader(void *arg)
{
	char b[64];
	ssize_t n = recv(fd, b, sizeof(b), MSG_WAITALL);

	return (void *)(intptr_t)(n == 64 && b[0] == 'n' && b[63] == 'n');
}

int
main(void)
{
	int good = 0, reused = 0, sv[2];
	char text[64];

	memset(text, 'n', sizeof(text));
	for (int i = 0; i < 200; i++) {
		pthread_t o[2], n;

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		fd = sv[0];
		other = sv[1];
		o[0] = spawn(old_waiter, NULL);
		o[1] = spawn(old_waiter, NULL);
		/* Sometimes parked, sometimes not yet started. */
		if (i % 3)
			usleep(500);
		else
			ms(2);
		MUST(close(fd) == 0);
		close(other);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		reused += sv[0] == fd;
		/* The old waiters are gone before anything can be read. */
		join(o[0]);
		join(o[1]);
		n = spawn(new_reader, NULL);
		MUST(send(sv[1], text, 32, 0) == 32);
		usleep(100);
		MUST(send(sv[1], text, 32, 0) == 32);
		good += join(n) != NULL;
		close(sv[0]);
		close(sv[1]);
	}
	say("good %d, reused %d, bad %d", good, reused, bad);
	return 0;
}
