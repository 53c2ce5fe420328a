/* SPDX-License-Identifier: MIT */
/* Regular files: every read and write form; offsets; end; append. */
#include <sys/stat.h>
#include <sys/uio.h>

#include "t.h"

static int fd;

static void *
work(void *arg)
{
	char b[64] = "";
	struct iovec iov[2] = { { b, 3 }, { b + 3, 4 } };
	off_t off;
	int out;

	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	R(write(fd, "0123456789", 10));
	R(read(fd, b, 5));
	R(lseek(fd, 2, SEEK_SET));
	R(read(fd, b, 5));
	say("%.5s", b);
	R(pread(fd, b, 20, 7));
	R(pwrite(fd, "AB", 2, 1));
	R(preadv(fd, iov, 2, 0));
	say("%.7s", b);
	R(lseek(fd, 0, SEEK_CUR));
	R(readv(fd, iov, 2));
	say("%.3s", b);
	R(pwritev(fd, iov, 2, 20));
	R(preadv2(fd, iov, 2, 0, 0));
	R(preadv2(fd, iov, 2, -1, 0));
	R(pwritev2(fd, iov, 1, -1, RWF_APPEND));
	R(lseek(fd, 0, SEEK_END));
	R(pread(fd, b, 5, -1));
	R(fsync(fd));
	R(fdatasync(fd));
	R(ftruncate(fd, 5));
	R(lseek(fd, 0, SEEK_SET));
	R(read(fd, b, 64));
	R(read(fd, b, 64));
	out = open("copy", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	R(write(out, "head", 4));
	lseek(fd, 0, SEEK_SET);
	close(out);
	out = open("copy", O_RDWR);
	off = 1;
	R(copy_file_range(fd, &off, out, NULL, 3, 0));
	R(posix_fallocate(out, 0, 100));
	R(lseek(out, 0, SEEK_END));
	R(fcntl(out, F_GETFL) & O_ACCMODE);
	R(open("missing", O_RDONLY));
	R(open(".", O_WRONLY));
	R(close(out));
	R(close(fd));
	return arg;
}

static void *
appends(void *arg)
{
	int a = open("log", O_WRONLY | O_APPEND);
	char line[32];

	memset(line, 'a' + (int)(intptr_t)arg, 31);
	line[31] = '\n';
	for (int i = 0; i < 200; i++)
		MUST(write(a, line, 32) == 32);
	close(a);
	return NULL;
}

int
main(void)
{
	pthread_t t[10];
	char line[32];
	int whole = 0;

	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	close(creat("log", 0600));
	for (intptr_t i = 0; i < 10; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(appends, (void *)i)
				  : spawn(appends, (void *)i);
	for (int i = 0; i < 10; i++)
		join(t[i]);
	fd = open("log", O_RDONLY);
	while (read(fd, line, 32) == 32)
		whole += line[31] == '\n' && line[30] == line[0];
	say("whole lines %d", whole);
	return 0;
}
