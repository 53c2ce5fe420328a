/* SPDX-License-Identifier: MIT */
/* A program with the system's own libev: loops in two threads. */
/* twin: libs=-lev */
#include <ev.h>

#include "t.h"

struct loop {
	struct ev_loop *ev;
	ev_timer timer;
	ev_io io;
	ev_async async;
	int ticks, bytes, asyncs, sv[2];
};

static void
on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;

	if (++l->ticks == 10)
		ev_timer_stop(ev, w);
	MUST(write(l->sv[1], "x", 1) == 1);
}

static void
on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop *l = w->data;
	char b[16];
	ssize_t n = read(l->sv[0], b, sizeof(b));

	l->bytes += n > 0 ? n : 0;
}

static void
on_async(struct ev_loop *ev, ev_async *w, int revents)
{
	struct loop *l = w->data;

	l->asyncs++;
	ev_break(ev, EVBREAK_ALL);
}

static void *
runs(void *arg)
{
	struct loop *l = arg;

	ev_run(l->ev, 0);
	return NULL;
}

static void
set_up(struct loop *l)
{
	memset(l, 0, sizeof(*l));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, l->sv) == 0);
	l->ev = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&l->timer, on_timer, 0.01, 0.01);
	ev_io_init(&l->io, on_io, l->sv[0], EV_READ);
	ev_async_init(&l->async, on_async);
	l->timer.data = l->io.data = l->async.data = l;
	ev_timer_start(l->ev, &l->timer);
	ev_io_start(l->ev, &l->io);
	ev_async_start(l->ev, &l->async);
}

int
main(void)
{
	struct loop l[3];
	pthread_t t[3];

	for (int i = 0; i < 3; i++) {
		set_up(&l[i]);
		t[i] = i == 2 ? spawn_kernel(runs, &l[i]) : spawn(runs, &l[i]);
	}
	ms(400);
	for (int i = 0; i < 3; i++) {
		ev_async_send(l[i].ev, &l[i].async);
		join(t[i]);
		say("ticks %d, bytes %d, asyncs %d", l[i].ticks, l[i].bytes,
		    l[i].asyncs);
		ev_loop_destroy(l[i].ev);
	}
	return 0;
}
