/* SPDX-License-Identifier: MIT */
/*
 * Calls that move data from one descriptor to another: the pipe's side is
 * told not to wait (SPLICE_F_NONBLOCK, which changes no flag of the
 * descriptor), the other side is polled first, because sockets know of no such
 * flag in older kernels. Runs in user code; takes no lock.
 */
#include "preload.h"

#include <limits.h>
#include <sys/stat.h>

#define SPLICE_ALL (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | \
	SPLICE_F_GIFT)

/* 1: poll() says it is ready (or has an error to tell); 0: it is not. */
static bool
ready(int fd, bool write)
{
	struct pollfd p = { .fd = fd, .events = write ? POLLOUT : POLLIN };

	return real.poll(&p, 1, 0) != 0;
}

/*
 * Waits until both ends are ready. errno value, 0: go on. EAGAIN: the user
 * made one of them non-blocking, and the call itself is to say so.
 */
static int
wait_both(struct mx_io *in, struct mx_io *out, const char *call)
{
	int rc;

	for (;;) {
		mx_io_look(in);
		if (!ready(in->fd, false)) {
			rc = mx_io_wait(in, call);
			if (rc)
				return rc;
			continue;
		}
		mx_io_look(out);
		if (ready(out->fd, true))
			return 0;
		rc = mx_io_wait(out, call);
		if (rc)
			return rc;
	}
}

static bool
is_kind(int fd, mode_t kind)
{
	int saved = errno;
	struct stat st;
	bool yes;

	yes = fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
	errno = saved;
	return yes;
}

/* A socket that carries data: one that listens is refused at once. */
static bool
is_stream_end(int fd)
{
	int yes = 0, saved = errno;
	socklen_t len = sizeof(yes);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && !yes)
		return true;
	errno = saved;
	return false;
}

/*
 * Whether splice would wait for a socket, which older kernels do whatever the
 * flags say. If the call is wrong it waits for nothing.
 */
static bool
socket_waits(int in, const off64_t *inoff, int out, const off64_t *outoff)
{
	if (inoff || outoff)
		return false;
	if (is_stream_end(in))
		return !ready(in, false) && is_kind(out, S_IFIFO);
	return is_stream_end(out) && !ready(out, true) &&
	    is_kind(in, S_IFIFO);
}

/* splice(2). Parks; a cancellation point. */
ssize_t
splice(int in, off64_t *inoff, int out, off64_t *outoff, size_t n,
    unsigned flags)
{
	struct mx_io a, b;
	ssize_t done;
	int rc, tries;

	if (!mx_on() || n == 0 || (flags & ~(unsigned)SPLICE_ALL) ||
	    (flags & SPLICE_F_NONBLOCK))
		return real.splice(in, inoff, out, outoff, n, flags);
	mx_io_begin(&a, in, false);
	mx_io_begin(&b, out, true);
	for (tries = 0; tries < 8; tries++) {
		if (!socket_waits(in, inoff, out, outoff)) {
			done = real.splice(in, inoff, out, outoff, n,
			    flags | SPLICE_F_NONBLOCK);
			if (done >= 0)
				return mx_io_done(&a, done);
			if (errno != EAGAIN)
				return -1;
		}
		rc = wait_both(&a, &b, "splice");
		if (rc)
			return mx_fail(rc);
	}
	/* Both say that they are ready, and yet it would wait. */
	return MX_HOP(MX_HOP_CANCEL, real.splice(in, inoff, out, outoff, n,
	    flags));
}

ssize_t
tee(int in, int out, size_t n, unsigned flags)
{
	struct mx_io a, b;
	ssize_t done;
	int rc, tries;

	if (!mx_on() || n == 0 || (flags & ~(unsigned)SPLICE_ALL) ||
	    (flags & SPLICE_F_NONBLOCK))
		return real.tee(in, out, n, flags);
	mx_io_begin(&a, in, false);
	mx_io_begin(&b, out, true);
	for (tries = 0; tries < 8; tries++) {
		done = real.tee(in, out, n, flags | SPLICE_F_NONBLOCK);
		if (done >= 0)
			return mx_io_done(&a, done);
		if (errno != EAGAIN)
			return -1;
		rc = wait_both(&a, &b, "tee");
		if (rc)
			return mx_fail(rc);
	}
	return MX_HOP(MX_HOP_CANCEL, real.tee(in, out, n, flags));
}

/* vmsplice(2): to a pipe, or from one, as it was opened. */
ssize_t
vmsplice(int fd, const struct iovec *iov, size_t n, unsigned flags)
{
	struct mx_io io;
	ssize_t done;
	int fl, rc, tries;

	if (!mx_on() || (flags & ~(unsigned)SPLICE_ALL) ||
	    (flags & SPLICE_F_NONBLOCK))
		return real.vmsplice(fd, iov, n, flags);
	fl = real.fcntl(fd, F_GETFL, NULL);
	mx_io_begin(&io, fd, (fl & O_ACCMODE) != O_RDONLY);
	for (tries = 0; tries < 8; tries++) {
		done = real.vmsplice(fd, iov, n, flags | SPLICE_F_NONBLOCK);
		if (done >= 0)
			return mx_io_done(&io, done);
		if (errno != EAGAIN)
			return -1;
		rc = mx_io_wait(&io, "vmsplice");
		if (rc)
			return mx_fail(rc);
	}
	return MX_HOP(MX_HOP_CANCEL, real.vmsplice(fd, iov, n, flags));
}

/* ---- sendfile ---- */

/*
 * What a descriptor takes without waiting once poll() says that it is
 * writable: a pipe a page; a socket a third of its buffer (TCP) or more.
 */
static size_t
portion(int fd)
{
	int size = 0, saved = errno;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0) {
		errno = saved;
		return PIPE_BUF;
	}
	return size < 4 * PIPE_BUF ? PIPE_BUF : (size_t)size / 4;
}

/*
 * Disks do not poll; neither does what is no descriptor. What is no file at all
 * (timers, epoll sets) takes no data, and may never be ready to.
 */
static bool
never_waits(int fd)
{
	int saved = errno, fl;
	struct stat st;
	bool yes;

	yes = fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) ||
	    S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode));
	fl = yes ? 0 : real.fcntl(fd, F_GETFL, NULL);
	errno = saved;
	return yes || fl < 0 || (fl & O_NONBLOCK);
}

/*
 * sendfile(2). Parks until all is sent or the file has ended, as it does on a
 * blocking descriptor. Not a cancellation point until it waits.
 */
ssize_t
sendfile(int out, int in, off_t *off, size_t n)
{
	struct mx_io io;
	size_t done = 0, most, part;
	ssize_t put;
	int rc;

	/* From anything but a file it is an error, which waits for nothing. */
	if (!mx_on() || n == 0 || n > SSIZE_MAX || never_waits(out) ||
	    !(is_kind(in, S_IFREG) || is_kind(in, S_IFBLK)))
		return real.sendfile(out, in, off, n);
	if (n > MX_IO_MOST)
		n = MX_IO_MOST;
	most = portion(out);
	mx_io_begin(&io, out, true);
	while (done < n) {
		mx_io_look(&io);
		while (!ready(out, true)) {
			rc = mx_io_wait(&io, "sendfile");
			if (rc && done)
				return mx_io_done(&io, (ssize_t)done);
			if (rc)
				return mx_fail(rc);
		}
		part = n - done < most ? n - done : most;
		put = real.sendfile(out, in, off, part);
		if (put < 0 && done == 0)
			return -1;
		if (put <= 0)
			break;
		done += (size_t)put;
	}
	return mx_io_done(&io, (ssize_t)done);
}
MX_ALIAS(sendfile64, sendfile);
