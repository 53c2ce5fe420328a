/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Both directions at once, much more than the buffers: no byte is lost. */
#include <sys/uio.h>

#include "t.h"

#define TOTAL (4 << 20)

struct end {
	int fd;
	uint32_t seed;
	int how;
};

static void *
sends(void *arg)
{
	struct end *e = arg;
	static const int sizes[] = { 1, 100, 4096, 65536, 300000 };
	char *b = malloc(300000);
	size_t done = 0;
	int i = 0;

	while (done < TOTAL) {
		size_t n = sizes[i++ % 5];
		ssize_t w;

		if (n > TOTAL - done)
			n = TOTAL - done;
		for (size_t k = 0; k < n; k++)
			b[k] = noise(e->seed, done + k);
		struct iovec iov[3] = { { b, n / 3 },
					{ b + n / 3, n / 3 },
					{ b + n / 3 * 2, n - n / 3 * 2 } };
		struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 3 };
		if (e->how == 0)
			w = send(e->fd, b, n, 0);
		else if (e->how == 1)
			w = write(e->fd, b, n);
		else if (e->how == 2)
			w = writev(e->fd, iov, 3);
		else
			w = sendmsg(e->fd, &mh, 0);
		/* A blocking send on a stream socket sends it all. */
		if (w != (ssize_t)n) {
			say("sent %zd of %zu: %s", w, n, ename(errno));
			break;
		}
		done += n;
	}
	shutdown(e->fd, SHUT_WR);
	free(b);
	return NULL;
}

static void *
receives(void *arg)
{
	struct end *e = arg;
	char *b = malloc(100000);
	size_t done = 0, wrong = 0;
	ssize_t r;

	for (;;) {
		size_t n = 1 + (done * 7919) % 99999;
		struct iovec iov[2] = { { b, n / 2 },
					{ b + n / 2, n - n / 2 } };
		struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

		if (e->how == 0)
			r = recv(e->fd, b, n, 0);
		else if (e->how == 1)
			r = read(e->fd, b, n);
		else if (e->how == 2)
			r = readv(e->fd, iov, 2);
		else
			r = recvmsg(e->fd, &mh, MSG_WAITALL);
		if (r <= 0)
			break;
		for (ssize_t k = 0; k < r; k++)
			wrong +=
				(unsigned char)b[k] != noise(e->seed, done + k);
		done += r;
	}
	free(b);
	return (void *)(intptr_t)(done == TOTAL && wrong == 0);
}

static void
run(const char *name, int sv[2], int how)
{
	struct end a = { sv[0], 1, how }, b = { sv[1], 2, how };
	struct end ra = { sv[0], 2, how }, rb = { sv[1], 1, how };
	pthread_t t[4];
	int good = 0;

	t[0] = spawn(sends, &a);
	t[1] = how == 1 ? spawn_kernel(sends, &b) : spawn(sends, &b);
	t[2] = spawn(receives, &ra);
	t[3] = how == 2 ? spawn_kernel(receives, &rb) : spawn(receives, &rb);
	join(t[0]);
	join(t[1]);
	good += join(t[2]) != NULL;
	good += join(t[3]) != NULL;
	say("%s, way %d: %d", name, how, good);
	close(sv[0]);
	close(sv[1]);
}

int
main(void)
{
	int sv[2];

	for (int how = 0; how < 4; how++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		run("unix", sv, how);
		tcp_pair(sv);
		run("tcp", sv, how);
	}
	return 0;
}
