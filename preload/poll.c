/* SPDX-License-Identifier: MIT */
/*
 * poll, select, epoll_wait: ask the kernel without waiting; if nothing is
 * ready, wait in the domain's epoll set for an edge on any of the descriptors,
 * and ask again. The kernel alone decides what is ready, so the result is its.
 *
 * A domain counts all its events: one that comes between the question and the wait
 * makes us ask again.
 */
#include "preload.h"

#include <alloca.h>

#define STACK_FDS 64

/* Deadline of a relative timeout; ns < 0 waits for ever. */
static uint64_t
until(int64_t ns)
{
	return ns < 0 ? MX_NEVER : mx_after_ns((uint64_t)ns);
}

/*
 * Parks until an event on one of the descriptors. w has room for 2 * n
 * waiters. Returns 0 (ask again), -ETIMEDOUT, -EINTR (any handler ran: these
 * calls are never restarted), -ECANCELED (mixio_interrupt), or -ENOTSUP: cannot
 * be waited for this way.
 */
static int
wait_any(const struct pollfd *fds, nfds_t n, struct mx_fdw *w, uint32_t seq,
    uint64_t dl, const char *call)
{
	struct mx_gt *gt = &mx_me;
	struct mx_domain *d = gt->dom;
	nfds_t i, m = 0;
	uint32_t want[2];
	int rc = 0, k;

	mx_why(call, n ? (uintptr_t)(unsigned)fds[0].fd : 0);
	mx_enter(gt);
	mx_sig_begin(gt);
	mx_arm_intr(gt);
	for (i = 0; i < n && rc == 0; i++) {
		if (fds[i].fd < 0)
			continue;
		want[0] = fds[i].events & POLLOUT ? EPOLLOUT : 0;
		/* Errors and hang-ups come without being asked for. */
		want[1] = fds[i].events & ~POLLOUT || !want[0] ? EPOLLIN : 0;
		for (k = 0; k < 2 && rc == 0; k++) {
			if (!want[k])
				continue;
			rc = mx_fd_enrol(d, &w[m], fds[i].fd, want[k]);
			if (rc == 0)
				m++;
			else if (rc == -EPERM)
				rc = 0; /* never changes: nothing to wait for */
		}
	}
	if (rc < 0) {
		rc = rc == -EBADF ? 0 : -ENOTSUP;
		if (!mx_disarm(gt) && mx_park(gt, MX_NEVER) == -ECANCELED)
			rc = -ECANCELED;
	} else if (atomic_load(&d->evseq) != seq && mx_disarm(gt)) {
		rc = 0;
	} else if (mx_interrupted(gt) && mx_disarm(gt)) {
		rc = -EINTR;
	} else {
		rc = mx_park(gt, dl);
	}
	while (m-- > 0)
		mx_fd_unenrol(d, &w[m], -1);
	mx_leave(gt);
	if (rc == -EINTR) {
		mx_testcancel();
		rc = gt->sigran ? -EINTR : 0;
	}
	return rc == -EBADF ? 0 : rc;
}

static struct timespec *
remaining(uint64_t dl, struct timespec *ts)
{
	uint64_t now;

	if (dl == MX_NEVER)
		return NULL;
	now = mx_now();
	now = dl > now ? dl - now : 0;
	ts->tv_sec = (time_t)(now / MX_NS);
	ts->tv_nsec = (long)(now % MX_NS);
	return ts;
}

/*
 * The mask of ppoll, pselect and epoll_pwait: set for the wait. A signal that
 * it lets in is pending until now, runs here and ends the call. As in the
 * kernel that is looked at only when nothing is ready: what is ready wins, and
 * the signal stays pending.
 */
static int
mask_begin(const sigset_t *mask, uint64_t *ret_old)
{
	*ret_old = mx_me.mask;
	if (!mask)
		return 0;
	mx_me.sigran = 0;
	mx_me.sigkeep = true;
	mx_sig_setmask(&mx_me, mx_sigbits(mask));
	return mx_me.sigran ? EINTR : 0;
}

static void
mask_end(const sigset_t *mask, uint64_t old)
{
	int saved = errno;

	if (mask) {
		mx_me.sigkeep = false;
		mx_sig_setmask(&mx_me, old);
	}
	errno = saved;
}

/* [user code] poll until dl; keeps errno on success. */
static int
do_poll(struct pollfd *fds, nfds_t n, uint64_t dl, const sigset_t *mask,
    const char *call)
{
	size_t len = 2 * n * sizeof(struct mx_fdw);
	struct timespec ts;
	struct mx_fdw *w;
	int rc, saved = errno;
	uint32_t seq;
	uint64_t old;
	bool over;

	mx_testcancel();
	seq = atomic_load(&mx_me.dom->evseq);
	rc = real.poll(fds, n, 0);
	if (rc != 0 || (!mask && dl <= mx_now()))
		return rc;
	/* No more of the stack than is needed: thousands may be in here. */
	w = n > STACK_FDS ? mx_map(len) : __builtin_alloca(len);
	if (!w)
		return mx_fail(ENOMEM);
	rc = mask_begin(mask, &old);
	if (rc)
		rc = mx_fail(rc);
	while (rc == 0 && dl > mx_now()) {
		rc = wait_any(fds, n, w, seq, dl, call);
		if (rc == -EINTR || rc == -ECANCELED) {
			rc = mx_fail(-rc);
			break;
		}
		if (rc == -ENOTSUP) {
			rc = MX_HOP(MX_HOP_CANCEL, real.ppoll(fds, n, remaining(dl,
			    &ts), NULL));
			break;
		}
		seq = atomic_load(&mx_me.dom->evseq);
		/* After the deadline too: ready at the last moment counts. */
		over = rc == -ETIMEDOUT;
		rc = real.poll(fds, n, 0);
		if (over)
			break;
	}
	mask_end(mask, old);
	if (n > STACK_FDS)
		munmap(w, len);
	if (rc >= 0)
		errno = saved;
	return rc;
}

/* poll(2). Parks; not restarted after a signal handler. */
int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (!mx_on() || timeout == 0)
		return real.poll(fds, n, timeout);
	return do_poll(fds, n, until(timeout < 0 ? -1 :
	    (int64_t)timeout * 1000000), NULL, "poll");
}
MX_ALIAS(__poll, poll);

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
int
__poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	if (!mx_on() || size / sizeof(*fds) < n)
		return real.__poll_chk(fds, n, timeout, size);
	return poll(fds, n, timeout);
}

static int64_t
relative(const struct timespec *ts)
{
	if (!ts)
		return -1;
	if (ts->tv_sec > INT64_MAX / (int64_t)MX_NS - 1)
		return -1;
	return ts->tv_sec * (int64_t)MX_NS + ts->tv_nsec;
}

static bool
bad_time(const struct timespec *ts)
{
	return ts && (!mx_readable(ts, sizeof(*ts)) || ts->tv_sec < 0 ||
	    ts->tv_nsec < 0 || ts->tv_nsec >= (long)MX_NS);
}

/* The kernel's sets have 8 bytes. */
static bool
bad_mask(const sigset_t *mask)
{
	return mask && !mx_readable(mask, 8);
}

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	if (!mx_on() || bad_time(timeout) || bad_mask(mask))
		return real.ppoll(fds, n, timeout, mask);
	return do_poll(fds, n, until(relative(timeout)), mask, "ppoll");
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask, size_t size);
int
__ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask, size_t size)
{
	if (!mx_on() || size / sizeof(*fds) < n)
		return real.__ppoll_chk(fds, n, timeout, mask, size);
	return ppoll(fds, n, timeout, mask);
}

/* ---- select ---- */

/*
 * Programs ask about getdtablesize() descriptors with sets that are not as
 * long. The kernel looks no further than its own table goes, and the table
 * would be short if our descriptors did not lie at its end. So look no further
 * than it would without us: its sizes are 64 and powers of two.
 */
static int
highest(int n)
{
	struct {
		uint64_t ino, off;
		unsigned short len;
		unsigned char type;
		char name[];
	} *ent;
	char buf[4096] __attribute__((aligned(8)));
	int saved = errno, dir, fd, top = 0, size = 64;
	long got, at;
	char *p;

	dir = real.openat(AT_FDCWD, "/proc/self/fd",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0) {
		errno = saved;
		return n;
	}
	while ((got = real.syscall(SYS_getdents64, dir, (long)buf, sizeof(buf),
	    0, 0, 0)) > 0) {
		for (at = 0; at < got; at += ent->len) {
			ent = (void *)(buf + at);
			fd = 0;
			for (p = ent->name; *p >= '0' && *p <= '9'; p++)
				fd = fd * 10 + *p - '0';
			if (fd > top && fd != dir && !mx_fd_ours(fd))
				top = fd;
		}
	}
	real.close(dir);
	errno = saved;
	while (size <= top)
		size *= 2;
	return n < size ? n : size;
}

/* Asked for more than an fd_set has. */
static int
clamp(int n)
{
	return n <= FD_SETSIZE ||
	    !atomic_load_explicit(&mx_active, memory_order_relaxed) ? n :
	    highest(n);
}

/* libc's FD_ISSET checks against FD_SETSIZE; programs use larger sets. */
static bool
bit_in(const fd_set *set, int fd)
{
	return set && (((const unsigned long *)set)[fd / 64] >> (fd % 64) & 1);
}

static void
copy_set(fd_set *to, const fd_set *from, int n)
{
	if (to && from)
		memcpy(to, from, (size_t)(n + 63) / 64 * 8);
}

static bool
bad_sets(int n, const fd_set *r, const fd_set *w, const fd_set *e)
{
	size_t len = (size_t)(n + 63) / 64 * 8;

	return len && ((r && !mx_readable(r, len)) ||
	    (w && !mx_readable(w, len)) || (e && !mx_readable(e, len)));
}

/* The sets as they were go in, the kernel's answer comes out. */
static int
do_select(int n, fd_set *r, fd_set *w, fd_set *e, uint64_t dl,
    const sigset_t *mask, const char *call)
{
	size_t bytes = (size_t)(n + 63) / 64 * 8, len;
	struct timeval zero;
	struct mx_fdw *wt;
	struct pollfd *fds;
	fd_set *in[3], *out[3] = { r, w, e };
	struct timespec ts;
	int i, k, m = 0, rc, saved = errno;
	bool masked = false;
	uint64_t old = 0;
	uint32_t seq;
	char *mem;

	mx_testcancel();
	/* Three copies of the sets, then n pollfds, then 2 * n waiters. */
	len = 3 * bytes + (size_t)n * (sizeof(*fds) + 2 * sizeof(*wt)) + 64;
	mem = len < 16384 ? alloca(len) : mx_map(len);
	if (!mem)
		return mx_fail(ENOMEM);
	for (k = 0; k < 3; k++) {
		in[k] = out[k] ? (fd_set *)(mem + (size_t)k * bytes) : NULL;
		copy_set(in[k], out[k], n);
	}
	wt = (struct mx_fdw *)(mem + ((3 * bytes + 15) & ~15ul));
	fds = (struct pollfd *)(wt + 2 * n);
	seq = atomic_load(&mx_me.dom->evseq);
	for (;;) {
		zero.tv_sec = zero.tv_usec = 0;
		rc = real.select(n, r, w, e, &zero);
		if (rc != 0)
			break;
		if (mask && !masked) {
			masked = true;
			rc = mask_begin(mask, &old);
		}
		if (rc == 0 && dl <= mx_now())
			break;
		for (k = 0; k < 3; k++)
			copy_set(out[k], in[k], n);
		if (rc) {
			rc = mx_fail(rc);
			break;
		}
		if (m == 0) {
			for (i = 0; i < n; i++) {
				fds[m].fd = i;
				fds[m].events = (short)
				    ((bit_in(in[0], i) ? POLLIN : 0) |
				    (bit_in(in[1], i) ? POLLOUT : 0) |
				    (bit_in(in[2], i) ? POLLPRI : 0));
				if (fds[m].events)
					m++;
			}
		}
		rc = wait_any(fds, (nfds_t)m, wt, seq, dl, call);
		if (rc == -EINTR || rc == -ECANCELED) {
			rc = mx_fail(-rc);
			break;
		}
		if (rc == -ENOTSUP) {
			rc = MX_HOP(MX_HOP_CANCEL, real.pselect(n, r, w, e,
			    remaining(dl, &ts), NULL));
			break;
		}
		seq = atomic_load(&mx_me.dom->evseq);
	}
	if (masked)
		mask_end(mask, old);
	if (len >= 16384)
		munmap(mem, len);
	if (rc >= 0)
		errno = saved;
	return rc;
}

/* select(2). Parks. Linux leaves the time that is left in *timeout. */
int
select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
	uint64_t dl = MX_NEVER, now;
	int rc, error;

	n = clamp(n);
	if (!mx_on() || n < 0 || n > 1 << 20 || (timeout &&
	    (timeout->tv_sec < 0 || timeout->tv_usec < 0)) ||
	    bad_sets(n, r, w, e))
		return real.select(n, r, w, e, timeout);
	if (timeout) {
		if (timeout->tv_sec == 0 && timeout->tv_usec == 0)
			return real.select(n, r, w, e, timeout);
		if (timeout->tv_sec < INT64_MAX / (int64_t)MX_NS - 1)
			dl = until(timeout->tv_sec * (int64_t)MX_NS +
			    timeout->tv_usec * 1000);
	}
	rc = do_select(n, r, w, e, dl, NULL, "select");
	error = errno;
	if (timeout && dl != MX_NEVER) {
		now = mx_now();
		now = dl > now ? dl - now : 0;
		timeout->tv_sec = (time_t)(now / MX_NS);
		timeout->tv_usec = (suseconds_t)(now % MX_NS / 1000);
	}
	errno = error;
	return rc;
}
MX_ALIAS(__select, select);

int
pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout,
    const sigset_t *mask)
{
	n = clamp(n);
	if (!mx_on() || n < 0 || n > 1 << 20 || bad_time(timeout) ||
	    bad_mask(mask) || bad_sets(n, r, w, e))
		return real.pselect(n, r, w, e, timeout, mask);
	return do_select(n, r, w, e, until(relative(timeout)), mask, "pselect");
}

/* ---- epoll ---- */

/* The user's epoll set is one readable descriptor for ours. */
static int
do_epoll(int epfd, struct epoll_event *events, int max, uint64_t dl,
    const sigset_t *mask, const char *call)
{
	bool masked = false;
	uint64_t old = 0;
	struct mx_io io;
	int rc, n;

	mx_io_begin(&io, epfd, false);
	for (;;) {
		n = real.epoll_wait(epfd, events, max, 0);
		if (n != 0 || dl <= mx_now())
			break;
		rc = 0;
		if (mask && !masked) {
			masked = true;
			rc = -mask_begin(mask, &old);
		}
		if (rc == 0)
			rc = mx_io_block(&io, EPOLLIN, dl, call);
		mx_io_look(&io);
		if (rc == -ERESTART)
			rc = -EINTR;
		if (rc == -EINTR || rc == -EBADF || rc == -ECANCELED) {
			n = mx_fail(-rc);
			break;
		}
	}
	if (masked)
		mask_end(mask, old);
	if (n >= 0)
		errno = io.saved;
	return n;
}

int
epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	if (!mx_on() || timeout == 0)
		return real.epoll_wait(epfd, events, max, timeout);
	return do_epoll(epfd, events, max, until(timeout < 0 ? -1 :
	    (int64_t)timeout * 1000000), NULL, "epoll_wait");
}

int
epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
    const sigset_t *mask)
{
	if (!mx_on() || bad_mask(mask))
		return real.epoll_pwait(epfd, events, max, timeout, mask);
	return do_epoll(epfd, events, max, until(timeout < 0 ? -1 :
	    (int64_t)timeout * 1000000), mask, "epoll_pwait");
}

/* libc's, or without it (glibc 2.34) the system call. */
static int
native_pwait2(int epfd, struct epoll_event *events, int max,
    const struct timespec *timeout, const sigset_t *mask)
{
	int saved = errno;
	int rc = real.epoll_pwait2(epfd, events, max, timeout, mask);

	if (rc >= 0 || errno != ENOSYS)
		return rc;
	errno = saved;
	return (int)real.syscall(SYS_epoll_pwait2, epfd, (long)events, max,
	    (long)timeout, (long)mask, 8);
}

int
epoll_pwait2(int epfd, struct epoll_event *events, int max,
    const struct timespec *timeout, const sigset_t *mask)
{
	if (!mx_on() || bad_time(timeout) || bad_mask(mask))
		return native_pwait2(epfd, events, max, timeout, mask);
	return do_epoll(epfd, events, max, until(relative(timeout)), mask,
	    "epoll_pwait2");
}
