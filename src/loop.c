/* SPDX-License-Identifier: MIT */
/*
 * The libev loop of a domain. Its waiting is done by the domain's own epoll set
 * (mx_loop_poll); an ev_async lets other kernel threads end its sleep.
 *
 * libev is linked in with hidden names (libev.c): were it a dependency of the
 * preloaded object, its names would join the global scope, and a program that
 * brings another copy along (extensions that embed libev do) would be bound to
 * ours.
 */
#include "mx.h"

#include <ev.h>

/* The descriptor of libev's epoll set that was made last in this thread. */
static __thread int made_loopfd;

/* libev.c calls this for libev. */
void
mx_loop_made(int loopfd)
{
	made_loopfd = loopfd;
}

static void
on_kick(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/*
 * libev's epoll_wait(): waits for the domain's set, in which libev's is nested.
 * libev cuts its waits into minutes, for clocks that jump; it has no timer of
 * ours, so the hub sleeps on.
 */
int
mx_loop_poll(int loopfd, struct epoll_event *ev, int n, int timeout)
{
	struct mx_gt *gt = &mx_me;
	struct mx_domain *d = gt->role_arg;

	if (gt->role != mx_hub || timeout == 0)
		return real.epoll_wait(loopfd, ev, n, timeout);
	d->loop_ready = false;
	d->last_n = mx_fd_poll(d, -1);
	if (!d->loop_ready)
		return 0;
	return real.epoll_wait(loopfd, ev, n, 0);
}

/* Makes loop and epoll set of d. 0 or -errno. */
int
mx_loop_init(struct mx_domain *d)
{
	ev_async *w = d->ev;
	int rc;

	if (!w)
		w = mx_map(sizeof(*w));
	if (!w)
		return -ENOMEM;
	d->ev = w;
	rc = mx_fd_init(d);
	if (rc < 0)
		return rc;
	made_loopfd = -1;
	d->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV | EVFLAG_NOTIMERFD);
	if (!d->loop || made_loopfd < 0)
		return -ENOTSUP;
	ev_async_init(w, on_kick);
	ev_async_start(d->loop, w);
	return mx_fd_nest(d, made_loopfd);
}

/* [held, hub] Sleeps until an event, a timer or a kick. */
void
mx_loop_wait(struct mx_domain *d)
{
	struct itimerspec its = { .it_interval = { 0, 0 } };
	uint64_t dl;

	dl = d->nheap ? d->heap[0]->dl : MX_NEVER;
	if (dl < d->armed) {
		/*
		 * An earlier alarm is left in place: it wakes us once for
		 * nothing, which is cheaper than setting it at every wait.
		 */
		its.it_value.tv_sec = (time_t)(dl / MX_NS);
		its.it_value.tv_nsec = (long)(dl % MX_NS);
		d->armed = dl;
		real.timerfd_settime(d->tfd, TFD_TIMER_ABSTIME, &its, NULL);
	}
	ev_run(d->loop, EVRUN_ONCE);
}

/* From anywhere, signal handlers included (ev_async_send may be). */
void
mx_loop_kick(struct mx_domain *d)
{
	int saved = errno;

	if (d->loop)
		ev_async_send(d->loop, d->ev);
	errno = saved;
}

/*
 * The child of a fork. Another kernel thread may have been in the loop, which
 * must be taken as torn, so only its few pages are forgotten; its descriptors
 * are closed with all of ours.
 */
void
mx_loop_fork(struct mx_domain *d)
{
	d->loop = NULL;
	d->ev = NULL;
}

/* [nobody sleeps in it] Whoever is in mx_loop_kick() is waited for. */
void
mx_loop_fini(struct mx_domain *d)
{
	while (atomic_load(&d->kickers))
		real.sched_yield();
	if (d->loop)
		ev_loop_destroy(d->loop);
	d->loop = NULL;
	mx_crit_enter();
	mx_spin_lock(&d->fdlock);
	mx_fd_fini(d);
	mx_spin_unlock(&d->fdlock);
	mx_crit_leave();
}
