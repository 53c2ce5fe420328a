/* SPDX-License-Identifier: MIT */
/* sendfile, splice, tee, vmsplice between sockets, pipes and files. */
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "t.h"

#define SIZE 600000

static int sv[2], p[2], file;

static void *
drains(void *arg)
{
	int fd = *(int *)arg;
	char b[3000];
	uint64_t h = 0;
	size_t total = 0;
	ssize_t n;

	settle();
	while ((n = read(fd, b, sizeof(b))) > 0) {
		h = fnv(h, b, n);
		total += n;
	}
	say("drained %zu, hash %016llx", total, (unsigned long long)h);
	return NULL;
}

static void *
pipe_writer(void *arg)
{
	char *b = malloc(SIZE);

	for (int i = 0; i < SIZE; i++)
		b[i] = noise(9, i);
	settle();
	MUST(write_all(p[1], b, SIZE) == SIZE);
	close(p[1]);
	free(b);
	return arg;
}

static void *
work(void *arg)
{
	pthread_t t, w;
	off_t off = 0;
	size_t done = 0;
	ssize_t n;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(drains, &sv[1]);
	while (done < SIZE &&
	       (n = sendfile(sv[0], file, &off, SIZE - done)) > 0)
		done += n;
	close(sv[0]);
	join(t);
	say("sendfile %zu, offset %ld", done, (long)off);
	close(sv[1]);

	MUST(pipe(p) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(drains, &sv[1]);
	w = spawn(pipe_writer, NULL);
	done = 0;
	while ((n = splice(p[0], NULL, sv[0], NULL, 65536, 0)) > 0)
		done += n;
	close(sv[0]);
	join(t);
	join(w);
	say("splice %zu, then %zd", done, n);
	close(p[0]);
	close(sv[1]);

	int q[2];
	char b[16];

	MUST(pipe(p) == 0);
	MUST(pipe(q) == 0);
	MUST(write(p[1], "teed", 4) == 4);
	R(tee(p[0], q[1], 100, 0));
	R(splice(p[0], NULL, q[1], NULL, 100, 0));
	R(read(q[0], b, sizeof(b)));
	R(splice(p[0], NULL, q[1], NULL, 100, SPLICE_F_NONBLOCK));
	R(tee(p[0], q[1], 100, SPLICE_F_NONBLOCK));
	struct iovec iov = { "vm", 2 };
	R(vmsplice(q[1], &iov, 1, 0));
	R(read(q[0], b, sizeof(b)));
	R(splice(file, NULL, file, NULL, 1, 0));
	R(sendfile(-1, file, NULL, 1));
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
	return arg;
}

int
main(void)
{
	char *b = malloc(SIZE);

	for (int i = 0; i < SIZE; i++)
		b[i] = noise(3, i);
	file = open("data", O_RDWR | O_CREAT, 0600);
	MUST(write_all(file, b, SIZE) == SIZE);
	free(b);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
