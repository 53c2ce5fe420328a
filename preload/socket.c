/* SPDX-License-Identifier: MIT */
/*
 * Sockets. Every try carries MSG_DONTWAIT, so no flag of the descriptor is
 * touched; only EAGAIN on a descriptor that its user left blocking becomes a
 * wait. connect() is the one exception: see there.
 */
#include "preload.h"

#include <alloca.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* SO_RCVLOWAT is in use: a try without waiting would return too little. */
static _Atomic int lowat_used;

/* These never block, or mean something that a try would change. */
#define PASS_FLAGS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)

/* With SO_RCVLOWAT: wait until poll() is content. errno value or 0. */
static int
lowat_wait(struct mx_io *io, const char *call)
{
	struct pollfd p = { .fd = io->fd, .events = POLLIN };
	int rc;

	if (mx_io_nonblocking(io->fd))
		return 0;
	while (real.poll(&p, 1, 0) == 0) {
		rc = mx_io_wait(io, call);
		if (rc)
			return rc;
	}
	return 0;
}

/* What a receive does next after n: true to try again, else *ret_n is it. */
static bool
recv_again(struct mx_io *io, ssize_t n, const char *call, ssize_t *ret_n)
{
	int rc;

	*ret_n = n;
	if (n >= 0) {
		errno = io->saved;
		return false;
	}
	if (errno != EAGAIN)
		return false;
	rc = mx_io_wait(io, call);
	if (rc == 0)
		return true;
	*ret_n = mx_fail(rc);
	return false;
}

static bool
is_stream(int fd)
{
	int type = 0, saved = errno;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		errno = saved;
	return type == SOCK_STREAM;
}

static ssize_t
recv_all(struct mx_io *io, char *buf, size_t len, int flags,
    struct sockaddr *addr, socklen_t *addrlen)
{
	size_t got = 0;
	ssize_t n;
	int rc;

	/* MSG_WAITALL, on what is a byte stream. */
	if (len > MX_IO_MOST)
		len = MX_IO_MOST;
	for (;;) {
		n = real.recvfrom(io->fd, buf + got, len - got,
		    (flags & ~MSG_WAITALL) | MSG_DONTWAIT, addr, addrlen);
		if (n > 0)
			got += (size_t)n;
		if (n == 0 || got == len)
			return mx_io_done(io, (ssize_t)got);
		if (n > 0)
			continue;
		rc = errno;
		if (rc == EAGAIN)
			rc = mx_io_wait(io, "recv");
		if (rc && got)
			return mx_io_done(io, (ssize_t)got);
		if (rc)
			return mx_fail(rc);
	}
}

/* recv(2). Parks; not async-signal-safe beyond what libc's is. */
ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	struct mx_io io;
	ssize_t n;
	int rc;

	if (!mx_on())
		return real.recv(fd, buf, len, flags);
	mx_testcancel();
	/* No bytes of a stream are there at once; of a datagram they are not. */
	if ((flags & PASS_FLAGS) || (len == 0 && is_stream(fd)))
		return real.recv(fd, buf, len, flags);
	mx_io_begin(&io, fd, false);
	if (flags & MSG_WAITALL) {
		if (flags & MSG_PEEK)
			return MX_HOP(MX_HOP_CANCEL, real.recv(fd, buf, len, flags));
		if (is_stream(fd))
			return recv_all(&io, buf, len, flags, NULL, NULL);
	}
	if (unlikely(atomic_load_explicit(&lowat_used, memory_order_relaxed)) &&
	    (rc = lowat_wait(&io, "recv")) != 0)
		return mx_fail(rc);
	if (flags == 0 && len && mx_io_drained(&io)) {
		rc = mx_io_wait(&io, "recv");
		if (rc && rc != EAGAIN)
			return mx_fail(rc);
		if (rc == EAGAIN && io.dl != 0)
			return mx_fail(rc); /* its timeout, not O_NONBLOCK */
	}
	do {
		n = mx_try_recv(fd, buf, len, flags | MSG_DONTWAIT);
	} while (recv_again(&io, n, "recv", &n));
	if (n > 0 && (size_t)n < len && flags == 0)
		mx_io_short(&io);
	return n;
}

ssize_t
recvfrom(int fd, void *buf, size_t len, int flags,
    __SOCKADDR_ARG addr, socklen_t *addrlen)
{
	struct sockaddr *sa = addr.__sockaddr__;
	struct mx_io io;
	ssize_t n;
	int rc;

	if (!sa)
		return recv(fd, buf, len, flags);
	if (!mx_on() || (flags & PASS_FLAGS))
		return real.recvfrom(fd, buf, len, flags, sa, addrlen);
	mx_io_begin(&io, fd, false);
	if (flags & MSG_WAITALL) {
		if (flags & MSG_PEEK)
			return MX_HOP(MX_HOP_CANCEL, real.recvfrom(fd, buf, len, flags,
			    sa, addrlen));
		if (is_stream(fd))
			return recv_all(&io, buf, len, flags, sa, addrlen);
	}
	if (unlikely(atomic_load_explicit(&lowat_used, memory_order_relaxed)) &&
	    (rc = lowat_wait(&io, "recvfrom")) != 0)
		return mx_fail(rc);
	do {
		n = real.recvfrom(fd, buf, len, flags | MSG_DONTWAIT, sa,
		    addrlen);
	} while (recv_again(&io, n, "recvfrom", &n));
	return n;
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct mx_io io;
	ssize_t n;
	int rc;

	if (!mx_on() || (flags & PASS_FLAGS) || !msg)
		return real.recvmsg(fd, msg, flags);
	mx_io_begin(&io, fd, false);
	/* MSG_WAITALL with ancillary data has no two halves: on a helper. */
	if ((flags & MSG_WAITALL) && is_stream(fd))
		return MX_HOP(MX_HOP_CANCEL, real.recvmsg(fd, msg, flags));
	if (unlikely(atomic_load_explicit(&lowat_used, memory_order_relaxed)) &&
	    (rc = lowat_wait(&io, "recvmsg")) != 0)
		return mx_fail(rc);
	/* The kernel writes *msg on success only. */
	do {
		n = real.recvmsg(fd, msg, flags | MSG_DONTWAIT);
	} while (recv_again(&io, n, "recvmsg", &n));
	return n;
}

/* recvmmsg(2): the timeout is only looked at after a datagram, as natively. */
int
recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags,
    struct timespec *timeout)
{
	struct mx_io io;
	unsigned got = 0;
	uint64_t dl = MX_NEVER;
	int rc, one;

	if (!mx_on() || n == 0 || (flags & PASS_FLAGS))
		return real.recvmmsg(fd, msgs, n, flags, timeout);
	mx_io_begin(&io, fd, false);
	if (timeout) {
		if (!mx_readable(timeout, sizeof(*timeout)))
			return mx_fail(EFAULT);
		if (timeout->tv_nsec < 0 || timeout->tv_nsec >= (long)MX_NS ||
		    timeout->tv_sec < 0)
			return mx_fail(EINVAL);
		dl = mx_after_ns((uint64_t)timeout->tv_sec * MX_NS +
		    (uint64_t)timeout->tv_nsec);
	}
	while (got < n) {
		one = real.recvmmsg(fd, msgs + got, n - got,
		    (flags & ~MSG_WAITFORONE) | MSG_DONTWAIT, NULL);
		if (one > 0) {
			got += (unsigned)one;
			if ((flags & MSG_WAITFORONE) ||
			    (timeout && mx_now() >= dl))
				break;
			continue;
		}
		rc = errno;
		if (rc == EAGAIN)
			rc = mx_io_wait(&io, "recvmmsg");
		if (rc && got)
			break;
		if (rc)
			return mx_fail(rc);
	}
	return (int)mx_io_done(&io, (ssize_t)got);
}

/* send(2). Parks until all is queued, as a blocking stream socket does. */
ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	struct mx_io io;
	size_t put = 0;
	ssize_t n;
	int rc;

	if (!mx_on() || (flags & MSG_DONTWAIT))
		return real.send(fd, buf, len, flags);
	if (len > MX_IO_MOST)
		len = MX_IO_MOST;
	mx_io_begin(&io, fd, true);
	for (;;) {
		/* An error after some bytes ends the call without SIGPIPE. */
		n = mx_try_send(fd, (const char *)buf + put, len - put,
		    flags | MSG_DONTWAIT | (put ? MSG_NOSIGNAL : 0));
		if (n >= 0) {
			put += (size_t)n;
			if (put >= len)
				return mx_io_done(&io, (ssize_t)put);
			continue;
		}
		rc = errno;
		if (rc == EAGAIN)
			rc = mx_io_wait(&io, "send");
		if (rc && put)
			return mx_io_done(&io, (ssize_t)put);
		if (rc)
			return mx_fail(rc);
	}
}

ssize_t
sendto(int fd, const void *buf, size_t len, int flags,
    __CONST_SOCKADDR_ARG addr, socklen_t addrlen)
{
	const struct sockaddr *sa = addr.__sockaddr__;
	struct mx_io io;
	ssize_t n, rest = 0;
	int rc;

	if (!sa)
		return send(fd, buf, len, flags);
	if (!mx_on() || (flags & MSG_DONTWAIT))
		return real.sendto(fd, buf, len, flags, sa, addrlen);
	if (len > MX_IO_MOST)
		len = MX_IO_MOST;
	mx_io_begin(&io, fd, true);
	for (;;) {
		n = real.sendto(fd, buf, len, flags | MSG_DONTWAIT, sa,
		    addrlen);
		if (n >= 0) {
			/* TCP Fast Open, or a connected stream: the rest. */
			if ((size_t)n < len)
				rest = send(fd, (const char *)buf + n,
				    len - (size_t)n, flags | MSG_NOSIGNAL);
			return mx_io_done(&io, rest > 0 ? n + rest : n);
		}
		rc = errno;
		if (rc == EAGAIN)
			rc = mx_io_wait(&io, "sendto");
		if (rc)
			return mx_fail(rc);
	}
}

/* Takes n bytes off the front of an I/O vector. */
static void
iov_skip(struct iovec **iov, size_t *niov, size_t n)
{
	while (*niov && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*niov)--;
	}
	if (*niov) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

/* A message has gone: perhaps with descriptors in it. */
static inline void
sent(const struct msghdr *msg, ssize_t n)
{
	if (n >= 0 && msg->msg_controllen)
		mx_fd_shared();
}

/* The rest of a message of which the first put bytes are queued. */
static __attribute__((noinline)) ssize_t
sendmsg_rest(struct mx_io *io, const struct msghdr *msg, size_t put, int flags)
{
	struct msghdr rest = *msg;
	size_t done = put;
	ssize_t n;
	int rc;

	/* The kernel has read the vector once, so it is sound and not long. */
	rest.msg_iov = alloca(msg->msg_iovlen * sizeof(*rest.msg_iov));
	memcpy(rest.msg_iov, msg->msg_iov,
	    msg->msg_iovlen * sizeof(*rest.msg_iov));
	rest.msg_control = NULL;
	rest.msg_controllen = 0;
	for (;;) {
		iov_skip(&rest.msg_iov, &rest.msg_iovlen, put);
		if (rest.msg_iovlen == 0 || done >= MX_IO_MOST)
			return mx_io_done(io, (ssize_t)done);
		put = 0;
		n = real.sendmsg(io->fd, &rest,
		    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			put = (size_t)n;
			done += put;
			continue;
		}
		rc = errno == EAGAIN ? mx_io_wait(io, "sendmsg") : errno;
		if (rc)
			return mx_io_done(io, (ssize_t)done);
	}
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct mx_io io;
	ssize_t n;
	int rc;

	if (!mx_on() || (flags & MSG_DONTWAIT) || !msg) {
		n = real.sendmsg(fd, msg, flags);
		sent(msg, n);
		return n;
	}
	mx_io_begin(&io, fd, true);
	for (;;) {
		n = real.sendmsg(fd, msg, flags | MSG_DONTWAIT);
		sent(msg, n);
		if (n >= 0)
			return sendmsg_rest(&io, msg, (size_t)n, flags);
		rc = errno == EAGAIN ? mx_io_wait(&io, "sendmsg") : errno;
		if (rc)
			return mx_fail(rc);
	}
}

int
sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	unsigned i;
	ssize_t len;
	int rc;

	if (!mx_on() || n == 0 || (flags & MSG_DONTWAIT)) {
		rc = real.sendmmsg(fd, msgs, n, flags);
		for (i = 0; (int)i < rc; i++)
			sent(&msgs[i].msg_hdr, 0);
		return rc;
	}
	for (i = 0; i < n && i < IOV_MAX; i++) {
		len = sendmsg(fd, &msgs[i].msg_hdr, flags);
		if (len < 0)
			return i ? (int)i : -1;
		msgs[i].msg_len = (unsigned)len;
	}
	return (int)i;
}
MX_ALIAS(__send, send);

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t buflen, int flags);
ssize_t
__recv_chk(int fd, void *buf, size_t len, size_t buflen, int flags)
{
	/* libc's own reports the overflow and aborts. */
	if (!mx_on() || len > buflen)
		return real.__recv_chk(fd, buf, len, buflen, flags);
	return recv(fd, buf, len, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t buflen, int flags,
    __SOCKADDR_ARG addr, socklen_t *addrlen);
ssize_t
__recvfrom_chk(int fd, void *buf, size_t len, size_t buflen, int flags,
    __SOCKADDR_ARG addr, socklen_t *addrlen)
{
	if (!mx_on() || len > buflen)
		return real.__recvfrom_chk(fd, buf, len, buflen, flags,
		    addr.__sockaddr__, addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

/* ---- set-up ---- */

/*
 * connect(2). The kernel knows no MSG_DONTWAIT here, so a blocking descriptor
 * is made non-blocking for the time of the system call, which does not wait.
 * A Unix socket whose peer's queue is full gives no event: that one hops.
 */
int
connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t addrlen)
{
	const struct sockaddr *sa = addr.__sockaddr__;
	struct pollfd p;
	struct mx_io io;
	int fl, rc, error;

	if (!mx_on())
		return real.connect(fd, sa, addrlen);
	fl = real.fcntl(fd, F_GETFL, NULL);
	if (fl < 0 || (fl & O_NONBLOCK))
		return real.connect(fd, sa, addrlen);
	mx_io_begin(&io, fd, true);
	real.fcntl(fd, F_SETFL, (void *)(long)(fl | O_NONBLOCK));
	rc = real.connect(fd, sa, addrlen);
	error = errno;
	real.fcntl(fd, F_SETFL, (void *)(long)fl);
	if (rc == 0)
		return (int)mx_io_done(&io, 0);
	if (error == EAGAIN)
		return MX_HOP(MX_HOP_CANCEL, real.connect(fd, sa, addrlen));
	if (error != EINPROGRESS && error != EALREADY)
		return mx_fail(error);
	for (;;) {
		p.fd = fd;
		p.events = POLLOUT;
		if (real.poll(&p, 1, 0) > 0)
			break;
		rc = mx_io_wait(&io, "connect");
		if (rc == EAGAIN)
			return mx_fail(EINPROGRESS); /* SO_SNDTIMEO */
		if (rc)
			return mx_fail(rc);
	}
	/*
	 * The verdict, by a second call that cannot wait any more: unlike
	 * SO_ERROR it leaves the socket in the state that a blocking connect
	 * would (fit for another try after a failure).
	 */
	errno = io.saved;
	return real.connect(fd, sa, addrlen);
}
MX_ALIAS(__connect, connect);

/* Anything else makes accept() fail at once. */
static bool
listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 &&
	    yes;
}

/*
 * accept(2). The descriptor stays blocking, so wait first. When another
 * process is faster the call blocks, and the monitor is the net.
 */
int
accept4(int fd, __SOCKADDR_ARG addr, socklen_t *addrlen, int flags)
{
	struct sockaddr *sa = addr.__sockaddr__;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct mx_io io;
	int rc;

	if (!mx_on()) {
		rc = real.accept4(fd, sa, addrlen, flags);
		mx_fd_born(rc, !(flags & SOCK_NONBLOCK));
		return rc;
	}
	mx_io_begin(&io, fd, false);
	if (!mx_io_nonblocking(fd)) {
		while (real.poll(&p, 1, 0) == 0 && listening(fd)) {
			rc = mx_io_wait(&io, "accept");
			if (rc)
				return mx_fail(rc);
		}
	}
	errno = io.saved;
	rc = real.accept4(fd, sa, addrlen, flags);
	mx_fd_born(rc, !(flags & SOCK_NONBLOCK));
	return rc;
}

int
accept(int fd, __SOCKADDR_ARG addr, socklen_t *addrlen)
{
	return accept4(fd, addr, addrlen, 0);
}

/*
 * A number that the kernel gives out was closed before. If that close was made
 * where we could not see it, what we know of the number is about another file.
 */
int
socket(int domain, int type, int protocol)
{
	int fd = real.socket(domain, type, protocol);

	mx_fd_born(fd, !(type & SOCK_NONBLOCK));
	return fd;
}

int
socketpair(int domain, int type, int protocol, int sv[2])
{
	int rc = real.socketpair(domain, type, protocol, sv);

	if (rc == 0) {
		mx_fd_born(sv[0], !(type & SOCK_NONBLOCK));
		mx_fd_born(sv[1], !(type & SOCK_NONBLOCK));
	}
	return rc;
}

int
shutdown(int fd, int how)
{
	int rc;

	mx_fd_touched(fd);
	rc = real.shutdown(fd, how);
	mx_fd_wake(fd);
	return rc;
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int rc = real.setsockopt(fd, level, name, value, len);

	if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO))
		atomic_fetch_add(&mx_tmo_gen, 1);
	if (level == SOL_SOCKET && name == SO_RCVLOWAT && rc == 0)
		atomic_store(&lowat_used, 1);
	if (level == IPPROTO_TCP && name == TCP_ULP)
		mx_fd_touched(fd);
	return rc;
}
