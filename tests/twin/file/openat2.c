/* SPDX-License-Identifier: MIT */
/* openat2(2), as libc has it and by its number: FIFOs, flags, bad input. */
#include <linux/openat2.h>
#include <sys/stat.h>

#include "t.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#if !__GLIBC_PREREQ(2, 43)
#define openat2(dir, path, how, size) \
	(int)syscall(SYS_openat2, dir, path, how, size)
#endif

/* The function where there is one, else the number; bit 0: the number. */
static int
opens(int bits, const char *path, int flags, int resolve)
{
	struct open_how how = { .flags = (unsigned)flags,
				.mode = flags & O_CREAT ? 0600 : 0,
				.resolve = (unsigned)resolve };

	if (bits & 1)
		return (int)syscall(SYS_openat2, AT_FDCWD, path, &how,
		    sizeof(how));
	return openat2(AT_FDCWD, path, &how, sizeof(how));
}

static void *
reads(void *arg)
{
	char b[16];
	int fd = opens((int)(intptr_t)arg, "fifo", O_RDONLY, 0);
	ssize_t n;

	MUST(fd >= 0);
	n = read(fd, b, sizeof(b));
	say("%.*s", (int)n, b);
	say("then %zd", read(fd, b, sizeof(b)));
	close(fd);
	return NULL;
}

static void *
ticks(void *arg)
{
	int *n = arg;

	for (int i = 0; i < 10; i++) {
		ms(5);
		__atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void
work(int bits)
{
	struct open_how how = { .flags = O_RDONLY };
	pthread_t r, t;
	int fd, n = 0;

	say("-- %s", bits & 1 ? "number" : "function");
	r = spawn(reads, (void *)(intptr_t)bits);
	t = spawn(ticks, &n);
	join(t);
	say("ticks while it waits: %d", n);
	fd = opens(bits, "fifo", O_WRONLY, 0);
	MUST(write(fd, "by fifo", 7) == 7);
	close(fd);
	join(r);
	R(opens(bits, "fifo", O_WRONLY | O_NONBLOCK, 0));
	R(opens(bits, "none", O_RDONLY, 0));
	R(close(opens(bits, "file", O_CREAT | O_RDWR, 0)));
	R(opens(bits, "file", O_CREAT | O_EXCL | O_RDWR, 0));
	R(opens(bits, "/etc/passwd", O_RDONLY, RESOLVE_BENEATH));
	R(opens(bits, "link", O_RDONLY, RESOLVE_NO_SYMLINKS));
	R(opens(bits, NULL, O_RDONLY, 0));
	if (bits & 1) {
		R(syscall(SYS_openat2, AT_FDCWD, "file", (void *)1L, 24));
		R(syscall(SYS_openat2, AT_FDCWD, "fifo", (void *)1L, 24));
		R(syscall(SYS_openat2, AT_FDCWD, "file", &how, 8));
		R(syscall(SYS_openat2, -1, "file", &how, 24));
		how.resolve = 1 << 30;
		R(syscall(SYS_openat2, AT_FDCWD, "file", &how, 24));
	}
}

static void *
green(void *arg)
{
	work(0);
	work(1);
	return arg;
}

/* It is a cancellation point. */
static void *
cancelled(void *arg)
{
	opens(0, "fifo", O_RDONLY, 0);
	say("not reached");
	return arg;
}

int
main(void)
{
	pthread_t t;
	void *ret;

	R(mkfifo("fifo", 0600));
	R(symlink("file", "link"));
	green(NULL);
	join(spawn(green, NULL));
#if __GLIBC_PREREQ(2, 43)
	t = spawn(cancelled, NULL);
	settle();
	E(pthread_cancel(t));
	E(pthread_join(t, &ret));
	say("cancelled: %d", ret == PTHREAD_CANCELED);
#else
	(void)cancelled, (void)t, (void)ret;
#endif
	return 0;
}
