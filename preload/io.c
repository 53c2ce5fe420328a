/* SPDX-License-Identifier: MIT */
/*
 * What the calls on descriptors share: waiting until a descriptor is ready, as
 * a blocking call would. Runs in user code of green threads; takes no lock.
 */
#include "preload.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

bool mx_io_bare;

/* A sanitizer or another preloaded object before libc wants to see each call. */
void
mx_io_init(void)
{
	Dl_info libc, in, out;

	mx_io_bare = dladdr((void *)real.syscall, &libc) &&
	    dladdr((void *)real.recv, &in) && dladdr((void *)real.send, &out) &&
	    in.dli_fbase == libc.dli_fbase && out.dli_fbase == libc.dli_fbase;
}

static uint64_t
timeo(int fd, int name)
{
	struct timeval tv;
	socklen_t len = sizeof(tv);
	uint64_t ns;

	if (getsockopt(fd, SOL_SOCKET, name, &tv, &len) < 0)
		return 0;
	ns = (uint64_t)tv.tv_sec * MX_NS + (uint64_t)tv.tv_usec * 1000;
	return ns;
}

/* SO_RCVTIMEO and SO_SNDTIMEO are read once, and again after any change. */
static void
ask_timeouts(struct mx_fd *e, int fd)
{
	uint32_t gen = atomic_load(&mx_tmo_gen);

	if (atomic_load_explicit(&e->tmo_gen, memory_order_acquire) == gen)
		return;
	MX_POKE(e->rcvtimeo, timeo(fd, SO_RCVTIMEO));
	MX_POKE(e->sndtimeo, timeo(fd, SO_SNDTIMEO));
	MX_POKE(e->has_tmo, e->rcvtimeo || e->sndtimeo);
	atomic_store_explicit(&e->tmo_gen, gen, memory_order_release);
}

/*
 * Whether a short read proves that there is no more: on plain TCP only. Unix
 * sockets stop at a change of credentials, kernel TLS at a record.
 */
static bool
is_plain(int fd)
{
	char ulp[16];
	int domain = 0, protocol = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    (domain != AF_INET && domain != AF_INET6))
		return false;
	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 ||
	    protocol != IPPROTO_TCP)
		return false;
	len = sizeof(ulp);
	return getsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, &len) != 0 || len == 0;
}

/* A read of a blocking socket got less than it asked for. */
void
mx_io_short(struct mx_io *io)
{
	struct mx_fd *e = io->e;
	uint32_t is;
	bool plain;

	if (!e || !MX_PEEK(e->mask))
		return;
	is = atomic_load_explicit(&e->stream, memory_order_relaxed);
	if (is & MX_FD_OTHER)
		return;
	if (unlikely(!(is & MX_FD_PLAIN))) {
		plain = is_plain(io->fd);
		if (!atomic_compare_exchange_strong(&e->stream, &is, is |
		    (plain ? MX_FD_PLAIN : MX_FD_OTHER)) || !plain)
			return;
	}
	atomic_store_explicit(&e->drained, io->seq + 1, memory_order_relaxed);
}

/* Only the kernel knows: other processes may share the description. */
bool
mx_io_nonblocking(int fd)
{
	int fl;

	if (mx_fd_blocking(fd))
		return false;
	fl = real.fcntl(fd, F_GETFL, NULL);
	return fl >= 0 && (fl & O_NONBLOCK);
}

/*
 * Waits for events on io->fd until dl, by whatever means there are. Returns 0
 * (try again), -ETIMEDOUT, -EBADF, -EINTR, -ERESTART, -ECANCELED.
 */
int
mx_io_block(struct mx_io *io, uint32_t events, uint64_t dl, const char *call)
{
	struct pollfd p = { .fd = io->fd };
	struct timespec ts, *tsp = NULL;
	uint64_t now;
	int rc;

	mx_why(call, (uintptr_t)io->fd);
	rc = mx_fd_wait(io->fd, events, io->seq, io->closes, dl);
	if (rc == -EPERM)
		return 0; /* always ready */
	if (rc == 0 || rc == -ETIMEDOUT || rc == -EBADF || rc == -EINTR ||
	    rc == -ERESTART || rc == -ECANCELED)
		return rc;
	/* No room in the epoll set, or nested too deeply: on a helper. */
	p.events = (short)(events & (EPOLLIN | EPOLLOUT | EPOLLPRI));
	if (dl != MX_NEVER) {
		now = mx_now();
		now = dl > now ? dl - now : 0;
		ts.tv_sec = (time_t)(now / MX_NS);
		ts.tv_nsec = (long)(now % MX_NS);
		tsp = &ts;
	}
	rc = MX_HOP(MX_HOP_CANCEL, real.ppoll(&p, 1, tsp, NULL));
	mx_testcancel();
	if (rc == 0)
		return -ETIMEDOUT;
	return rc < 0 ? -errno : 0;
}

/*
 * After EAGAIN: waits as the blocking call would. Returns 0 (try again) or an
 * errno value with which the call ends: EAGAIN (the user made the descriptor
 * non-blocking, or its timeout has passed), EBADF, EINTR, ECANCELED.
 */
int
mx_io_wait(struct mx_io *io, const char *call)
{
	uint64_t limit;
	struct mx_fd *e;
	int fl, rc;

	/*
	 * A socket's call looks at the flag when it begins: once it waits,
	 * another thread that sets it (a timeout in Python) changes nothing.
	 */
	if (io->dl == 0 && !mx_fd_blocking(io->fd)) {
		fl = real.fcntl(io->fd, F_GETFL, NULL);
		if (fl < 0)
			return errno;
		if (fl & O_NONBLOCK)
			return EAGAIN;
	}
	e = mx_fd_get(mx_me.dom, io->fd);
	if (e && io->dl == 0) {
		ask_timeouts(e, io->fd);
		limit = !MX_PEEK(e->has_tmo) ? 0 : io->write ?
		    MX_PEEK(e->sndtimeo) : MX_PEEK(e->rcvtimeo);
		io->dl = limit ? mx_after_ns(limit) : MX_NEVER;
	} else if (io->dl == 0) {
		io->dl = MX_NEVER;
	}
	rc = mx_io_block(io, io->write ? EPOLLOUT : EPOLLIN, io->dl, call);
	mx_io_look(io);
	switch (rc) {
	case 0:
		return 0;
	case -ETIMEDOUT:
		return EAGAIN;
	case -ERESTART:
		/* signal(7): calls with a timeout are not restarted. */
		return io->dl == MX_NEVER ? 0 : EINTR;
	default:
		return -rc;
	}
}
