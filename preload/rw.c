/* SPDX-License-Identifier: MIT */
/*
 * read and write on any kind of descriptor. preadv2/pwritev2 with RWF_NOWAIT
 * at offset -1 is the try that does not wait and touches no flag; where a file
 * does not know it (terminals, inotify, older kernels' pipes), poll first.
 * Regular files are libc's: a disk is for the monitor.
 */
#include "preload.h"

#include <limits.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/* EOPNOTSUPP for another flag is not about RWF_NOWAIT. */
#define RWF_ALL (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND)

enum kind { KIND_FILE, KIND_SOCKET, KIND_POLLABLE };

/* Keeps errno; a bad descriptor counts as a file: libc's call reports it. */
static enum kind
kind_of(int fd)
{
	int saved = errno;
	struct stat st;

	if (fstat(fd, &st) < 0) {
		errno = saved;
		return KIND_FILE;
	}
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return KIND_FILE;
	return S_ISSOCK(st.st_mode) ? KIND_SOCKET : KIND_POLLABLE;
}

/* As the kernel counts: it cuts off what is too much. */
static size_t
iov_len(const struct iovec *iov, int n)
{
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (iov[i].iov_len > MX_IO_MOST - len)
			return MX_IO_MOST;
		len += iov[i].iov_len;
	}
	return len;
}

/*
 * A buffer for read() or write() that ends beyond the addresses there are:
 * EFAULT at once, though as a vector it would be cut off and used.
 */
static bool
no_buffer(const void *buf, size_t len)
{
	return (intptr_t)len < 0 || (intptr_t)((uintptr_t)buf + len) < 0;
}

/*
 * Waits until poll() says that a read or write would not block. True: go on;
 * false: errno is set.
 */
bool
mx_io_poll_first(struct mx_io *io, const char *call)
{
	struct pollfd p = { .fd = io->fd };
	int fl, rc;

	/* The call itself says EBADF where the descriptor is not open for it. */
	fl = real.fcntl(io->fd, F_GETFL, NULL);
	if (fl < 0 || (fl & O_NONBLOCK) ||
	    (fl & O_ACCMODE) == (io->write ? O_RDONLY : O_WRONLY))
		return true;
	p.events = io->write ? POLLOUT : POLLIN;
	while (real.poll(&p, 1, 0) == 0) {
		rc = mx_io_wait(io, call);
		if (rc) {
			errno = rc;
			return false;
		}
	}
	return true;
}

/*
 * A terminal that counts bytes and time (termios(3), VMIN and VTIME): only
 * read itself knows when it is over.
 */
bool
mx_io_counts_time(int fd)
{
	int saved = errno;
	struct termios tio;
	bool yes;

	yes = tcgetattr(fd, &tio) == 0 && !(tio.c_lflag & ICANON) &&
	    (tio.c_cc[VMIN] != 1 || tio.c_cc[VTIME]);
	errno = saved;
	return yes;
}

static ssize_t
read_slow(struct mx_io *io, const struct iovec *iov, int n, int flags)
{
	if (mx_io_counts_time(io->fd))
		return MX_HOP(MX_HOP_CANCEL, real.preadv2(io->fd, iov, n, -1,
		    flags));
	if (!mx_io_poll_first(io, "read"))
		return -1;
	return flags ? real.preadv2(io->fd, iov, n, -1, flags) :
	    real.readv(io->fd, iov, n);
}

static ssize_t
do_readv(int fd, const struct iovec *iov, int n, int flags)
{
	struct mx_io io;
	ssize_t got;
	int rc;

	mx_io_begin(&io, fd, false);
	if (mx_io_drained(&io)) {
		rc = mx_io_wait(&io, "read");
		if (rc && (rc != EAGAIN || io.dl != 0))
			return mx_fail(rc);
	}
	for (;;) {
		got = real.preadv2(fd, iov, n, -1, flags | RWF_NOWAIT);
		if (got >= 0) {
			if (got > 0 && n == 1 && (size_t)got < iov->iov_len)
				mx_io_short(&io);
			return mx_io_done(&io, got);
		}
		if (errno == EOPNOTSUPP || errno == ENOSYS) {
			errno = io.saved;
			return read_slow(&io, iov, n, flags);
		}
		if (errno != EAGAIN)
			return -1;
		/* A file says EAGAIN for what is not in memory yet. */
		if ((!io.e || !MX_PEEK(io.e->mask)) && kind_of(fd) == KIND_FILE) {
			errno = io.saved;
			return real.preadv2(fd, iov, n, -1, flags);
		}
		rc = mx_io_wait(&io, "read");
		if (rc)
			return mx_fail(rc);
	}
}

/* read(2). Parks unless the file is a regular one. */
ssize_t
read(int fd, void *buf, size_t len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };

	if (!mx_on())
		return real.read(fd, buf, len);
	if (len == 0 || no_buffer(buf, len)) {
		mx_testcancel();
		return real.read(fd, buf, len);
	}
	return do_readv(fd, &iov, 1, 0);
}
MX_ALIAS(__read, read);

ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	if (!mx_on() || n <= 0)
		return real.readv(fd, iov, n);
	return do_readv(fd, iov, n, 0);
}

ssize_t
preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	if (!mx_on() || n <= 0 || off != -1 || (flags & ~RWF_ALL))
		return real.preadv2(fd, iov, n, off, flags);
	return do_readv(fd, iov, n, flags);
}
MX_ALIAS(preadv64v2, preadv2);

ssize_t __read_chk(int fd, void *buf, size_t len, size_t buflen);
ssize_t
__read_chk(int fd, void *buf, size_t len, size_t buflen)
{
	if (!mx_on() || len > buflen)
		return real.__read_chk(fd, buf, len, buflen);
	return read(fd, buf, len);
}

/* ---- write ---- */

/*
 * Where RWF_NOWAIT is not known: a descriptor that polls as writable takes
 * PIPE_BUF bytes without waiting, and pipes only promise atomicity that far.
 */
static ssize_t
write_slow(struct mx_io *io, const struct iovec *iov, int n, int flags)
{
	struct iovec one;

	size_t done = 0, len = iov_len(iov, n);
	ssize_t put;

	if (n > 1 && len <= PIPE_BUF) {
		if (!mx_io_poll_first(io, "write"))
			return -1;
		return flags ? real.pwritev2(io->fd, iov, n, -1, flags) :
		    real.writev(io->fd, iov, n);
	}
	for (; n > 0 && done < len; iov++, n--) {
		size_t off = 0;

		while (off < iov->iov_len && done < len) {
			one.iov_base = (char *)iov->iov_base + off;
			one.iov_len = iov->iov_len - off;
			if (one.iov_len > len - done)
				one.iov_len = len - done;
			if (one.iov_len > PIPE_BUF)
				one.iov_len = PIPE_BUF;
			if (!mx_io_poll_first(io, "write"))
				return done ? (ssize_t)done : -1;
			put = flags ? real.pwritev2(io->fd, &one, 1, -1, flags) :
			    real.write(io->fd, one.iov_base, one.iov_len);
			if (put < 0)
				return done ? (ssize_t)done : -1;
			off += (size_t)put;
			done += (size_t)put;
		}
	}
	return (ssize_t)mx_io_done(io, (ssize_t)done);
}

/* Writes the rest of a vector of which put bytes are written. */
static ssize_t
write_rest(struct mx_io *io, const struct iovec *iov, int n, size_t put,
    int flags, enum kind kind)
{
	size_t done = put, len = iov_len(iov, n);
	struct iovec one;
	ssize_t rc;
	int error;

	for (; n > 0 && put >= iov->iov_len; iov++, n--)
		put -= iov->iov_len;
	for (; n > 0 && done < len; iov++, n--) {
		one = *iov;
		one.iov_base = (char *)one.iov_base + put;
		one.iov_len -= put;
		if (one.iov_len > len - done)
			one.iov_len = len - done;
		put = 0;
		while (one.iov_len) {
			/* After some bytes an error ends the call quietly. */
			if (kind == KIND_SOCKET)
				rc = real.send(io->fd, one.iov_base,
				    one.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
			else
				rc = real.pwritev2(io->fd, &one, 1, -1,
				    flags | RWF_NOWAIT);
			if (rc >= 0) {
				done += (size_t)rc;
				one.iov_base = (char *)one.iov_base + rc;
				one.iov_len -= (size_t)rc;
				continue;
			}
			error = errno;
			if (error == EAGAIN)
				error = mx_io_wait(io, "write");
			if (error)
				return mx_io_done(io, (ssize_t)done);
		}
	}
	return mx_io_done(io, (ssize_t)done);
}

static ssize_t
do_writev(int fd, const struct iovec *iov, int n, int flags)
{
	enum kind kind;
	struct mx_io io;
	ssize_t put;
	int rc;

	mx_io_begin(&io, fd, true);
	/* A write to a file is one piece, and libc's own. */
	kind = io.e && MX_PEEK(io.e->mask) ? KIND_POLLABLE : kind_of(fd);
	if (kind == KIND_FILE)
		return flags ? real.pwritev2(fd, iov, n, -1, flags) :
		    real.writev(fd, iov, n);
	for (;;) {
		put = real.pwritev2(fd, iov, n, -1, flags | RWF_NOWAIT);
		if (put >= 0) {
			if ((size_t)put >= iov_len(iov, n))
				return mx_io_done(&io, put);
			if (kind == KIND_POLLABLE)
				kind = kind_of(fd);
			return write_rest(&io, iov, n, (size_t)put, flags,
			    kind);
		}
		if (errno == EOPNOTSUPP || errno == ENOSYS) {
			errno = io.saved;
			return write_slow(&io, iov, n, flags);
		}
		if (errno != EAGAIN)
			return -1;
		rc = mx_io_wait(&io, "write");
		if (rc)
			return mx_fail(rc);
	}
}

/* write(2). Parks until all is written, as a blocking descriptor does. */
ssize_t
write(int fd, const void *buf, size_t len)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf,
	    .iov_len = len };

	if (!mx_on())
		return real.write(fd, buf, len);
	if (len == 0 || no_buffer(buf, len)) {
		mx_testcancel();
		return real.write(fd, buf, len);
	}
	return do_writev(fd, &iov, 1, 0);
}
MX_ALIAS(__write, write);

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	if (!mx_on() || n <= 0 || n > IOV_MAX)
		return real.writev(fd, iov, n);
	return do_writev(fd, iov, n, 0);
}

ssize_t
pwritev2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	if (!mx_on() || n <= 0 || n > IOV_MAX || off != -1 ||
	    (flags & ~RWF_ALL))
		return real.pwritev2(fd, iov, n, off, flags);
	return do_writev(fd, iov, n, flags);
}
MX_ALIAS(pwritev64v2, pwritev2);

/* ---- eventfd: libc's own calls read and write where we cannot see it ---- */

int
eventfd_read(int fd, eventfd_t *value)
{
	if (!mx_on())
		return real.eventfd_read(fd, value);
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int
eventfd_write(int fd, eventfd_t value)
{
	if (!mx_on())
		return real.eventfd_write(fd, value);
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}
