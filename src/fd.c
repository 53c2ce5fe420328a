/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors. Every domain has an epoll set of its own, in which
 * the loop's is nested, so that one system call waits for both. A descriptor is registered there once, edge
 * triggered, when somebody first waits for it, and stays until its number is
 * closed or reused: no epoll_ctl a message.
 *
 * Lost edges: an event that comes between a failed system call and the wait is
 * counted (rseq, wseq). Who is about to wait compares the count with the one
 * that it read before the system call, and tries again if they differ.
 *
 * Close: mx_fd_closing() wakes the waiters with EBADF and takes the number out
 * of the set before libc's close(); mx_fd_closed() makes those who came in
 * between try again, so that nobody waits on for what the number was.
 *
 * fdlock guards waiters and registration against closers on other kernel
 * threads; it is a leaf, taken within mx_crit.
 */
#include "mx.h"

#define EVENTS 256
#define DATA_TIMER UINT64_MAX
#define DATA_LOOP (UINT64_MAX - 1)

#define WANT_READ (EPOLLIN | EPOLLPRI | EPOLLRDHUP)
#define WANT_WRITE EPOLLOUT
#define WANT_BOTH (EPOLLERR | EPOLLHUP)

_Atomic uint32_t mx_tmo_gen = 1;

/* ---- our own descriptors ---- */

/* One bit a number; the pages in use are those of the few high ones. */
static _Atomic uint64_t own[MX_FD_CHUNK * MX_FD_CHUNKS / 64];
static _Atomic int own_low = MX_FD_CHUNK * MX_FD_CHUNKS, own_high = -1; /* ever set */

bool
mx_fd_ours(int fd)
{
	return (unsigned)fd < MX_FD_CHUNK * MX_FD_CHUNKS && (atomic_load_explicit(
	    &own[fd / 64], memory_order_relaxed) >> (fd % 64) & 1);
}

void
mx_fd_own(int fd)
{
	int edge;

	if ((unsigned)fd >= MX_FD_CHUNK * MX_FD_CHUNKS)
		return;
	atomic_fetch_or(&own[fd / 64], 1ull << fd % 64);
	edge = atomic_load(&own_low);
	while (fd < edge && !atomic_compare_exchange_weak(&own_low, &edge, fd))
		;
	edge = atomic_load(&own_high);
	while (fd > edge && !atomic_compare_exchange_weak(&own_high, &edge, fd))
		;
}

void
mx_fd_disown(int fd)
{
	if ((unsigned)fd < MX_FD_CHUNK * MX_FD_CHUNKS)
		atomic_fetch_and(&own[fd / 64], ~(1ull << fd % 64));
}

/*
 * Moves a fresh descriptor of ours out of the way of programs, which expect
 * the lowest numbers for themselves. Returns the new number, or the old one
 * when there is no better.
 */
int
mx_fd_high(int fd)
{
	struct rlimit rl;
	int high = -1, min;

	if (fd < 0)
		return fd;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur > 64) {
		min = rl.rlim_cur > 1 << 20 ? 1 << 20 : (int)rl.rlim_cur;
		high = real.fcntl(fd, F_DUPFD_CLOEXEC, (void *)(long)(min - 48));
	}
	if (high < 0)
		return fd;
	real.close(fd);
	return high;
}

/* ---- whose O_NONBLOCK it is ---- */

/*
 * A wait begins with the question whether the descriptor is blocking, a system
 * call, because whoever shares the open file may change the flag. A socket that
 * this process has made blocking and has shared with nobody stays blocking until
 * it says otherwise through fcntl() or ioctl(), so that one is not asked.
 *
 * born[fd] is the value of shares when the number was made, or 0. Whatever gives
 * files away (children, SCM_RIGHTS) counts shares up, and so ends the knowledge
 * of all; a second number for a file ends that of both.
 */
static _Atomic uint32_t born[MX_FD_CHUNK * MX_FD_CHUNKS];
static _Atomic uint32_t shares = 1;

/* fd is new: closed before, and made by this process. */
void
mx_fd_born(int fd, bool blocking)
{
	mx_fd_closed(fd);
	if (blocking && (unsigned)fd < MX_FD_CHUNK * MX_FD_CHUNKS &&
	    atomic_load_explicit(&mx_active, memory_order_relaxed))
		atomic_store_explicit(&born[fd], atomic_load_explicit(&shares,
		    memory_order_relaxed), memory_order_relaxed);
}

/* True: O_NONBLOCK is off. False: ask the kernel. */
bool
mx_fd_blocking(int fd)
{
	return (unsigned)fd < MX_FD_CHUNK * MX_FD_CHUNKS && atomic_load_explicit(&born[fd],
	    memory_order_relaxed) == atomic_load_explicit(&shares,
	    memory_order_relaxed);
}

/* fd may get another number, or has changed its flag. */
void
mx_fd_unsure(int fd)
{
	if ((unsigned)fd < MX_FD_CHUNK * MX_FD_CHUNKS && atomic_load_explicit(&born[fd],
	    memory_order_relaxed))
		atomic_store_explicit(&born[fd], 0, memory_order_relaxed);
}

/* Before other processes get descriptors of ours. */
void
mx_fd_shared(void)
{
	/* Odd values only: 0 means not known. */
	atomic_fetch_add(&shares, 2);
}

/* ---- the table ---- */

static void
entry_reset(struct mx_fd *e)
{
	e->gen++;
	MX_POKE(e->mask, 0);
	atomic_store(&e->stream, MX_FD_NEW(e->gen));
	atomic_store(&e->tmo_gen, 0);
	atomic_store(&e->drained, 0);
	atomic_fetch_add(&e->rseq, 1);
	atomic_fetch_add(&e->wseq, 1);
}

/* Also makes the entry; NULL: no memory, or no such number. */
struct mx_fd *
mx_fd_get(struct mx_domain *d, int fd)
{
	struct mx_fd *e = mx_fd_peek(d, fd), *none = NULL;
	int i;

	if (e || (unsigned)fd >= MX_FD_CHUNK * MX_FD_CHUNKS)
		return e;
	e = mx_map(MX_FD_CHUNK * sizeof(*e));
	if (!e)
		return NULL;
	for (i = 0; i < MX_FD_CHUNK; i++) {
		mx_list_init(&e[i].rd);
		mx_list_init(&e[i].wr);
	}
	if (!atomic_compare_exchange_strong(&d->fdtab->chunk[fd / MX_FD_CHUNK],
	    &none, e))
		munmap(e, MX_FD_CHUNK * sizeof(*e));
	return mx_fd_peek(d, fd);
}

static int
watch_locked(struct mx_domain *d, struct mx_fd *e, int fd, uint32_t events)
{
	struct epoll_event ev;
	uint32_t mask;
	int op, saved = errno, rc = 0;

	mask = e->mask;
	if (events & (WANT_READ | WANT_BOTH))
		mask |= WANT_READ;
	if (events & WANT_WRITE)
		mask |= WANT_WRITE;
	if (mask == 0)
		mask = WANT_READ;
	if ((e->mask & mask) == mask)
		return 0;
	ev.events = mask | EPOLLET;
	ev.data.u64 = (uint64_t)e->gen << 32 | (uint32_t)fd;
	op = e->mask ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (real.epoll_ctl(d->epfd, op, fd, &ev) < 0) {
		if (errno == EEXIST)
			op = EPOLL_CTL_MOD;
		else if (errno == ENOENT)
			op = EPOLL_CTL_ADD;
		else
			op = 0;
		if (!op || real.epoll_ctl(d->epfd, op, fd, &ev) < 0)
			rc = -errno;
	}
	if (rc == 0)
		MX_POKE(e->mask, mask);
	errno = saved;
	return rc;
}

/*
 * [held] Makes sure that events on fd will be seen. 0, or -errno: EPERM (the
 * file is always ready), EBADF, ENOSPC, ENOMEM, ELOOP.
 */
int
mx_fd_watch(struct mx_domain *d, int fd, uint32_t events)
{
	struct mx_fd *e = mx_fd_get(d, fd);
	int rc;

	if (!e)
		return fd < 0 ? -EBADF : -ENOMEM;
	mx_spin_lock(&d->fdlock);
	rc = watch_locked(d, e, fd, events);
	mx_spin_unlock(&d->fdlock);
	return rc;
}

/* [held, armed] Also links the waiter, in up to two lists by w[0] and w[1]. */
int
mx_fd_enrol(struct mx_domain *d, struct mx_fdw *w, int fd, uint32_t events)
{
	struct mx_fd *e = mx_fd_get(d, fd);
	int rc;

	if (!e)
		return fd < 0 ? -EBADF : -ENOMEM;
	w->fd = fd;
	w->gt = &mx_me;
	mx_spin_lock(&d->fdlock);
	rc = watch_locked(d, e, fd, events);
	w->linked = rc == 0;
	if (rc == 0)
		mx_list_add(events & WANT_WRITE ? &e->wr : &e->rd, &w->link);
	mx_spin_unlock(&d->fdlock);
	return rc;
}

/*
 * woken is what mx_park() returned (not 0 if it was not called). 0 comes from
 * wake_all() alone, which has let go of w by then, and w is ours again.
 */
void
mx_fd_unenrol(struct mx_domain *d, struct mx_fdw *w, int woken)
{
	if (woken == 0)
		return;
	mx_spin_lock(&d->fdlock);
	if (w->linked) {
		w->linked = false;
		mx_list_del(&w->link);
	}
	mx_spin_unlock(&d->fdlock);
}

/* [fdlock] */
static void
wake_all(struct mx_list *head, int rc, bool held)
{
	struct mx_fdw *w;

	while (!mx_list_empty(head)) {
		w = mx_container(head->next, struct mx_fdw, link);
		w->linked = false;
		mx_list_del(&w->link);
		if (held)
			mx_wake_held(w->gt, rc);
		else
			mx_wake(w->gt, rc);
	}
}

/*
 * [fdlock] From an event to the thread that waits are three steps, each of them
 * to memory that is cold when there are many connections: goes ahead of the
 * waking with each step for all of them.
 */
static void
fetch(struct mx_domain *d, const struct epoll_event *ev, int n)
{
	struct mx_fd *e[EVENTS];
	struct mx_fdw *w;
	int i;

	for (i = 0; i < n; i++) {
		e[i] = mx_fd_peek(d, (int)(uint32_t)ev[i].data.u64);
		__builtin_prefetch(e[i], 1);
	}
	for (i = 0; i < n; i++)
		if (e[i])
			__builtin_prefetch(e[i]->rd.next, 1);
	for (i = 0; i < n; i++) {
		if (!e[i] || e[i]->rd.next == &e[i]->rd)
			continue;
		w = mx_container(e[i]->rd.next, struct mx_fdw, link);
		__builtin_prefetch(w->gt, 1);
	}
}

/*
 * [held] Collects events and wakes who waits for them. Blocks for up to timeout
 * ms (-1: no limit); only the hub may do that. Returns how many there were.
 */
int
mx_fd_poll(struct mx_domain *d, int timeout)
{
	struct epoll_event ev[EVENTS];
	struct mx_fd *e;
	uint32_t got;
	int i, n;

	n = real.epoll_wait(d->epfd, ev, EVENTS, timeout);
	if (n <= 0)
		return 0;
	atomic_fetch_add_explicit(&d->evseq, 1, memory_order_relaxed);
	mx_spin_lock(&d->fdlock);
	if (n > 8)
		fetch(d, ev, n);
	for (i = 0; i < n; i++) {
		if (ev[i].data.u64 == DATA_TIMER) {
			d->armed = MX_NEVER;
			continue;
		}
		if (ev[i].data.u64 == DATA_LOOP) {
			d->loop_ready = true;
			continue;
		}
		e = mx_fd_peek(d, (int)(uint32_t)ev[i].data.u64);
		if (!e || e->gen != (uint32_t)(ev[i].data.u64 >> 32))
			continue;
		got = ev[i].events;
		/* Urgent data or the end: a short read proves nothing then. */
		if (got & (EPOLLPRI | EPOLLRDHUP | WANT_BOTH))
			atomic_fetch_or(&e->stream, MX_FD_OTHER);
		/* Release: who sees the count sees that, too. */
		if (got & (WANT_READ | WANT_BOTH)) {
			atomic_fetch_add_explicit(&e->rseq, 1,
			    memory_order_release);
			wake_all(&e->rd, 0, true);
		}
		if (got & (WANT_WRITE | WANT_BOTH)) {
			atomic_fetch_add_explicit(&e->wseq, 1,
			    memory_order_relaxed);
			wake_all(&e->wr, 0, true);
		}
	}
	mx_spin_unlock(&d->fdlock);
	return n;
}

/*
 * [user code] Parks until fd has one of events, unless its counters are not seq
 * and closes any more. Returns 0 (try again), -ETIMEDOUT, -EBADF (closed meanwhile),
 * -EINTR or -ERESTART (handlers ran), -ECANCELED (mixio_interrupt), -EPERM
 * (always ready), other -errno: cannot be waited for this way.
 */
int
mx_fd_wait(int fd, uint32_t events, uint32_t seq, uint32_t closes, uint64_t dl)
{
	struct mx_gt *gt = &mx_me;
	struct mx_domain *d = gt->dom;
	struct mx_fdw w = { .fd = fd };
	struct mx_fd *e;
	int rc, woken = -1;

	mx_enter(gt);
	mx_sig_begin(gt);
	mx_arm_intr(gt);
	rc = mx_fd_enrol(d, &w, fd, events);
	if (rc < 0) {
		if (!mx_disarm(gt) && mx_park(gt, MX_NEVER) == -ECANCELED)
			rc = -ECANCELED;
		mx_leave(gt);
		return rc;
	}
	e = mx_fd_peek(d, fd);
	if (atomic_load_explicit(&e->closes, memory_order_relaxed) != closes &&
	    mx_disarm(gt))
		rc = -EBADF;
	else if (atomic_load_explicit(events & WANT_WRITE ? &e->wseq : &e->rseq,
	    memory_order_relaxed) != seq && mx_disarm(gt))
		rc = 0;
	else if (mx_interrupted(gt) && mx_disarm(gt))
		rc = -EINTR;
	else
		rc = woken = mx_park(gt, dl);
	mx_fd_unenrol(d, &w, woken);
	mx_leave(gt);
	if (rc == -EINTR) {
		if (mx_cancelled(gt))
			mx_cancel_now();
		rc = mx_sig_restart();
	}
	return rc;
}

/* ---- close ---- */

static void
forget(int fd, int rc)
{
	struct mx_domain *d;
	struct mx_fd *e;
	int saved = errno;

	if (fd < 0)
		return;
	mx_fd_unsure(fd);
	for (d = atomic_load(&mx_domains); d; d = d->next) {
		e = mx_fd_peek(d, fd);
		if (!e)
			continue;
		if (rc)
			atomic_fetch_add(&e->closes, 1);
		if (!MX_PEEK(e->mask))
			continue;
		mx_crit_enter();
		mx_spin_lock(&d->fdlock);
		if (e->mask && d->epfd >= 0)
			real.epoll_ctl(d->epfd, EPOLL_CTL_DEL, fd, NULL);
		entry_reset(e);
		wake_all(&e->rd, rc, false);
		wake_all(&e->wr, rc, false);
		mx_spin_unlock(&d->fdlock);
		mx_crit_leave();
	}
	errno = saved;
}

/* Before the number is closed or replaced. Any thread, any mode. */
void
mx_fd_closing(int fd)
{
	if (atomic_load_explicit(&mx_active, memory_order_relaxed))
		forget(fd, -EBADF);
}

/* After it was: who came in between tries again. */
void
mx_fd_closed(int fd)
{
	if (atomic_load_explicit(&mx_active, memory_order_relaxed))
		forget(fd, 0);
}

/* Those who wait for fd shall try again: shutdown() gives no edge to writers. */
void
mx_fd_wake(int fd)
{
	struct mx_domain *d;
	struct mx_fd *e;

	if (!atomic_load_explicit(&mx_active, memory_order_relaxed))
		return;
	for (d = atomic_load(&mx_domains); d; d = d->next) {
		e = mx_fd_peek(d, fd);
		if (!e || !MX_PEEK(e->mask))
			continue;
		mx_crit_enter();
		mx_spin_lock(&d->fdlock);
		atomic_fetch_add(&e->rseq, 1);
		atomic_fetch_add(&e->wseq, 1);
		wake_all(&e->rd, 0, false);
		wake_all(&e->wr, 0, false);
		mx_spin_unlock(&d->fdlock);
		mx_crit_leave();
	}
}

/* A short read is no promise any more: shutdown, setsockopt, O_NONBLOCK. */
void
mx_fd_touched(int fd)
{
	struct mx_domain *d;
	struct mx_fd *e;

	if (!atomic_load_explicit(&mx_active, memory_order_relaxed))
		return;
	mx_fd_unsure(fd);
	for (d = atomic_load(&mx_domains); d; d = d->next) {
		e = mx_fd_peek(d, fd);
		if (e) {
			atomic_fetch_or(&e->stream, MX_FD_OTHER);
			atomic_store(&e->drained, 0);
		}
	}
}

/* ---- a domain's set ---- */

/*
 * [fdlock, or nobody else there] Forgets all registrations and waiters: the
 * child of a fork has neither.
 */
void
mx_fd_forget_all(struct mx_domain *d)
{
	struct mx_fdtab *tab = atomic_load(&d->fdtab);
	struct mx_fd *c;
	int i, j;

	for (i = 0; tab && i < MX_FD_CHUNKS; i++) {
		c = atomic_load(&tab->chunk[i]);
		for (j = 0; c && j < MX_FD_CHUNK; j++) {
			mx_list_init(&c[j].rd);
			mx_list_init(&c[j].wr);
			entry_reset(&c[j]);
		}
	}
}

/*
 * The child of a fork: closes what was ours in the parent, of all domains. The
 * sets themselves go on in the parent, so they must not be changed from here.
 */
void
mx_fd_fork(struct mx_domain *d)
{
	int fd, end = atomic_load(&own_high);

	for (fd = atomic_load(&own_low); fd <= end; fd++) {
		if (!atomic_load_explicit(&own[fd / 64],
		    memory_order_relaxed)) {
			fd |= 63;
			continue;
		}
		if (mx_fd_kept(fd) || !mx_fd_ours(fd))
			continue;
		mx_fd_disown(fd);
		/* close() would be a cancellation point. */
		real.syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	}
	if (!d)
		return;
	d->epfd = d->tfd = -1;
	atomic_store(&d->fdlock, 0);
	mx_fd_forget_all(d);
}

int
mx_fd_init(struct mx_domain *d)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct mx_fdtab *tab;

	d->armed = MX_NEVER;
	if (!atomic_load(&d->fdtab)) {
		tab = mx_map(sizeof(*tab));
		if (!tab)
			return -ENOMEM;
		atomic_store(&d->fdtab, tab);
	}
	/* Threads of other domains close descriptors in all of them. */
	mx_crit_enter();
	mx_spin_lock(&d->fdlock);
	mx_fd_forget_all(d);
	mx_spin_unlock(&d->fdlock);
	mx_crit_leave();
	d->epfd = mx_fd_high(real.epoll_create1(EPOLL_CLOEXEC));
	if (d->epfd < 0)
		return -errno;
	mx_fd_own(d->epfd);
	d->tfd = mx_fd_high(real.timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK));
	if (d->tfd < 0)
		return -errno;
	mx_fd_own(d->tfd);
	ev.data.u64 = DATA_TIMER;
	if (real.epoll_ctl(d->epfd, EPOLL_CTL_ADD, d->tfd, &ev) < 0)
		return -errno;
	return 0;
}

/* Makes d's set watch the loop's own epoll descriptor. 0 or -errno. */
int
mx_fd_nest(struct mx_domain *d, int loopfd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = DATA_LOOP };

	return real.epoll_ctl(d->epfd, EPOLL_CTL_ADD, loopfd, &ev) < 0 ?
	    -errno : 0;
}

/* [fdlock, or nobody else there] */
void
mx_fd_fini(struct mx_domain *d)
{
	if (d->epfd >= 0) {
		mx_fd_disown(d->epfd);
		real.close(d->epfd);
	}
	if (d->tfd >= 0) {
		mx_fd_disown(d->tfd);
		real.close(d->tfd);
	}
	d->epfd = d->tfd = -1;
}
