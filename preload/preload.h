/* SPDX-License-Identifier: MIT */
/*
 * For the files of interposers. What they define is exported; the map that is
 * generated from the table decides what really is.
 *
 * Every interposer begins with if (!mx_on()) return real.NAME(...): outside
 * opted-in threads, and inside the runtime, calls are libc's.
 */
#ifndef MX_PRELOAD_H
#define MX_PRELOAD_H

#include "mx.h"

/* gcc wants libc's attributes on an alias; clang up to 11 lacks this one. */
#if __has_attribute(leaf)
#define MX_LEAF leaf
#else
#define MX_LEAF
#endif

/* Second name of a call that is defined in the same file. */
#if defined __has_attribute
#if __has_attribute(copy)
#define MX_COPY(target) copy(target),
#endif
#endif
#ifndef MX_COPY
#define MX_COPY(target)
#endif
#define MX_ALIAS(name, target) \
	extern __typeof__(target) name __attribute__((MX_COPY(target) \
	    alias(#target), visibility("default"), nothrow, MX_LEAF))
/* The same where the headers declare name with other types. */
#define MX_ALIAS_AS(name, target) \
	extern __typeof__(target) name##_ __asm__(#name) \
	    __attribute__((MX_COPY(target) alias(#target), \
	    visibility("default"), nothrow, MX_LEAF))

/*
 * What a call in progress knows of its descriptor. seq is the count of events
 * before the last try; dl is set when the first wait begins.
 */
struct mx_io {
	int fd;
	bool write;
	struct mx_fd *e;	/* NULL: nobody has waited for it yet */
	uint32_t seq, closes;
	uint64_t dl;		/* absolute; 0: not known yet */
	int saved;		/* errno at entry */
};

static inline void
mx_io_look(struct mx_io *io)
{
	io->e = mx_fd_peek(mx_me.dom, io->fd);
	io->seq = !io->e ? 0 : atomic_load_explicit(io->write ?
	    &io->e->wseq : &io->e->rseq, memory_order_acquire);
	io->closes = !io->e ? 0 : atomic_load_explicit(&io->e->closes,
	    memory_order_relaxed);
}

static inline void
mx_io_begin(struct mx_io *io, int fd, bool write)
{
	io->fd = fd;
	io->write = write;
	io->dl = 0;
	io->saved = errno;
	mx_testcancel();
	mx_io_look(io);
}

/* True: the last read said that there is nothing, and no event came since. */
static inline bool
mx_io_drained(const struct mx_io *io)
{
	return io->e && atomic_load_explicit(&io->e->drained,
	    memory_order_relaxed) == io->seq + 1;
}

extern bool mx_io_bare;
void mx_io_init(void);

/*
 * recv() and send() that do not wait, flags having MSG_DONTWAIT. What libc does
 * around the system call for its own cancellation is of no use then.
 */
static inline ssize_t
mx_try_recv(int fd, void *buf, size_t len, int flags)
{
	if (likely(mx_io_bare))
		return real.syscall(SYS_recvfrom, fd, (long)buf, (long)len,
		    flags, 0, 0);
	return real.recv(fd, buf, len, flags);
}

static inline ssize_t
mx_try_send(int fd, const void *buf, size_t len, int flags)
{
	if (likely(mx_io_bare))
		return real.syscall(SYS_sendto, fd, (long)buf, (long)len,
		    flags, 0, 0);
	return real.send(fd, buf, len, flags);
}

/* What one call moves at most, whatever it asks for: Linux's MAX_RW_COUNT. */
#define MX_IO_MOST ((size_t)(INT32_MAX & ~4095))

int mx_io_wait(struct mx_io *io, const char *call);
int mx_io_block(struct mx_io *io, uint32_t events, uint64_t dl,
    const char *call);
void mx_io_short(struct mx_io *io);
bool mx_io_nonblocking(int fd);
bool mx_io_poll_first(struct mx_io *io, const char *call);
bool mx_io_counts_time(int fd);
bool mx_stdio_flush_waits(const FILE *f);
long mx_futex_call(uint32_t *word, int op, uint32_t value,
    const struct timespec *ts, uint32_t *word2, uint32_t value3);
int capset(void *head, const void *data);
long mx_clone_raw(long number, long a, long b, long c, long d, long e);

/* errno of a call that succeeded is the caller's. */
static inline ssize_t
mx_io_done(const struct mx_io *io, ssize_t n)
{
	errno = io->saved;
	return n;
}

bool mx_bound_number(long number, long a, long b, long c, long *ret);

/*
 * A pointer of the caller's into its own stack, a little above us: no need to
 * ask, as the environment or the thread's TCB lie above all frames.
 */
static inline bool
mx_near_stack(const void *p)
{
	return (uintptr_t)p - (uintptr_t)__builtin_frame_address(0) < 2048;
}

bool mx_readable_slow(const void *p, size_t n);
bool mx_writable(void *p, size_t n);

/* Whether the kernel could read n bytes there. */
static inline bool
mx_readable(const void *p, size_t n)
{
	return mx_near_stack(p) || mx_readable_slow(p, n);
}

bool mx_readable_often(const void *p);

static inline int
mx_fail(int error)
{
	errno = error;
	return -1;
}

/* Some of libc's names have no declaration in its headers. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"
#pragma GCC visibility push(default)

/* What we call by itself, and libc declares from 2.34 and 2.35 on. */
int close_range(unsigned first, unsigned last, int flags);
int epoll_pwait2(int epfd, struct epoll_event *events, int max,
    const struct timespec *timeout, const sigset_t *mask);

#endif
