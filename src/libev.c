/* SPDX-License-Identifier: MIT */
/*
 * What our private libev calls instead of libc: the build renames these names
 * in libev.a (libev.syms).
 *
 * - stderr: distributions compile libev.a for executables, which reach it
 *   directly; a shared object cannot.
 * - descriptors: libev's are moved out of the program's way, like our own.
 * - system calls: straight to libc, past our interposers.
 * - memory: the hub must not touch the program's heap, whose lock a parked
 *   thread may hold. libev needs a few small arrays in all.
 */
#include "mx.h"

FILE *mx_libev_stderr;
int mx_libev_epoll_create1(int flags);
int mx_libev_eventfd(unsigned count, int flags);
int mx_libev_epoll_wait(int epfd, struct epoll_event *ev, int n, int timeout);
int mx_libev_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);
ssize_t mx_libev_read(int fd, void *buf, size_t len);
ssize_t mx_libev_write(int fd, const void *buf, size_t len);
int mx_libev_close(int fd);
void *mx_libev_realloc(void *p, size_t size);
void mx_libev_free(void *p);

__attribute__((constructor(101))) static void
mx_libev_init(void)
{
	mx_libev_stderr = stderr;
}

static int
own(int fd)
{
	fd = mx_fd_high(fd);
	if (fd >= 0)
		mx_fd_own(fd);
	return fd;
}

int
mx_libev_epoll_create1(int flags)
{
	int fd = own(real.epoll_create1(flags));

	mx_loop_made(fd);
	return fd;
}

int
mx_libev_eventfd(unsigned count, int flags)
{
	return own(real.eventfd(count, flags));
}

int
mx_libev_epoll_wait(int epfd, struct epoll_event *ev, int n, int timeout)
{
	return mx_loop_poll(epfd, ev, n, timeout);
}

int
mx_libev_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	return real.epoll_ctl(epfd, op, fd, ev);
}

ssize_t
mx_libev_read(int fd, void *buf, size_t len)
{
	return real.read(fd, buf, len);
}

ssize_t
mx_libev_write(int fd, const void *buf, size_t len)
{
	return real.write(fd, buf, len);
}

int
mx_libev_close(int fd)
{
	mx_fd_disown(fd);
	return real.close(fd);
}

/* A header that holds the size, then the block; whole pages. */
struct block {
	size_t size;		/* of the mapping */
	char pad[56];		/* keeps the block aligned for anything */
};

void
mx_libev_free(void *p)
{
	struct block *b = p;

	if (b)
		munmap(b - 1, b[-1].size);
}

void *
mx_libev_realloc(void *p, size_t size)
{
	struct block *old = p, *b;
	size_t len = (size + sizeof(*b) + 4095) & ~(size_t)4095;

	if (size == 0) {
		mx_libev_free(p);
		return NULL;
	}
	if (old && len <= old[-1].size)
		return p;
	b = mx_map(len);
	if (!b)
		return NULL;
	b->size = len;
	if (old) {
		memcpy(b + 1, old, old[-1].size - sizeof(*b));
		mx_libev_free(p);
	}
	return b + 1;
}
