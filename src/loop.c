/* SPDX-License-Identifier: MIT */
/*
 * The libev loop of a domain. It watches two things: the domain's epoll set
 * and an ev_async, by which other kernel threads end its sleep.
 *
 * libev is linked in with hidden names (libev.c): were it a dependency of the
 * preloaded object, its names would join the global scope, and a program that
 * brings another copy along (extensions that embed libev do) would be bound to
 * ours.
 */
#include "mx.h"

#include <ev.h>

struct mx_ev {
	ev_io io;
	ev_async async;
};

static void
on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct mx_domain *d = ev_userdata(loop);

	(void)w;
	(void)revents;
	d->last_n = mx_fd_poll(d);
}

static void
on_kick(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/* Makes loop and epoll set of d. 0 or -errno. */
int
mx_loop_init(struct mx_domain *d)
{
	struct mx_ev *w = d->ev;
	int rc;

	if (!w)
		w = mx_map(sizeof(*w));
	if (!w)
		return -ENOMEM;
	d->ev = w;
	rc = mx_fd_init(d);
	if (rc < 0)
		return rc;
	d->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV | EVFLAG_NOTIMERFD);
	if (!d->loop)
		return -ENOTSUP;
	ev_set_userdata(d->loop, d);
	ev_io_init(&w->io, on_events, d->epfd, EV_READ);
	ev_io_start(d->loop, &w->io);
	ev_async_init(&w->async, on_kick);
	ev_async_start(d->loop, &w->async);
	return 0;
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
	struct mx_ev *w = d->ev;
	int saved = errno;

	if (d->loop)
		ev_async_send(d->loop, &w->async);
	errno = saved;
}

void
mx_loop_fini(struct mx_domain *d)
{
	if (d->loop)
		ev_loop_destroy(d->loop);
	d->loop = NULL;
	mx_fd_fini(d);
}
