/* SPDX-License-Identifier: MIT */
/*
 * What the calls on descriptors share: waiting until a descriptor is ready, as
 * a blocking call would. Runs in user code of green threads; takes no lock.
 */
#include "preload.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

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
	uint32_t gen = atomic_load_explicit(&mx_tmo_gen, memory_order_relaxed);

	if (e->tmo_gen == gen)
		return;
	e->rcvtimeo = timeo(fd, SO_RCVTIMEO);
	e->sndtimeo = timeo(fd, SO_SNDTIMEO);
	e->tmo_gen = gen;
}

/*
 * Whether a short read proves that there is no more: on plain TCP only. Unix
 * sockets stop at a change of credentials, kernel TLS at a record.
 */
static void
ask_stream(struct mx_fd *e, int fd)
{
	char ulp[16];
	int domain = 0, protocol = 0;
	socklen_t len = sizeof(int);

	e->stream = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    (domain != AF_INET && domain != AF_INET6))
		return;
	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 ||
	    protocol != IPPROTO_TCP)
		return;
	len = sizeof(ulp);
	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, &len) == 0 && len > 0)
		return;
	e->stream = 1;
}

/* A read of a blocking socket got less than it asked for. */
void
mx_io_short(struct mx_io *io)
{
	struct mx_fd *e = io->e;

	if (!e || !e->mask || e->stream == 0)
		return;
	if (e->stream < 0)
		ask_stream(e, io->fd);
	if (e->stream == 1)
		atomic_store_explicit(&e->drained, io->seq + 1,
		    memory_order_relaxed);
}

/* Only the kernel knows: other processes may share the description. */
bool
mx_io_nonblocking(int fd)
{
	int fl = real.fcntl(fd, F_GETFL, NULL);

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

	fl = real.fcntl(io->fd, F_GETFL, NULL);
	if (fl < 0)
		return errno;
	if (fl & O_NONBLOCK)
		return EAGAIN;
	e = mx_fd_get(mx_me.dom, io->fd);
	if (e && io->dl == 0) {
		ask_timeouts(e, io->fd);
		limit = io->write ? e->sndtimeo : e->rcvtimeo;
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
