/* SPDX-License-Identifier: MIT */
/* Timeouts of all forms: never early, zero, forever; bad ones refused. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "t.h"

#define T(expr)                                                   \
	do {                                                      \
		double t_ = now();                                \
		long r_ = (long)(expr);                           \
		t_ = now() - t_;                                  \
		say("%s = %ld, not early %d, soon %d", #expr, r_, \
		    t_ >= 0.0399, t_ < 2);                        \
	} while (0)

static void *
work(void *arg)
{
	struct timespec ts, bad = { 0, 1000000000 };
	struct timeval tv, badtv = { -1, 0 };
	struct epoll_event ev;
	struct pollfd p;
	fd_set r;
	int sv[2], ep = epoll_create1(0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	p = (struct pollfd){ sv[0], POLLIN, 0 };
	ev = (struct epoll_event){ .events = EPOLLIN };
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
	ts = (struct timespec){ 0, 40000000 };
	tv = (struct timeval){ 0, 40000 };

	T(poll(&p, 1, 40));
	T(poll(NULL, 0, 40));
	T(ppoll(&p, 1, &ts, NULL));
	say("timespec %ld %ld", (long)ts.tv_sec, ts.tv_nsec);
	T(ppoll(NULL, 0, &ts, NULL));
	FD_ZERO(&r);
	FD_SET(sv[0], &r);
	T(select(sv[0] + 1, &r, NULL, NULL, &tv));
	say("time left %ld %ld", (long)tv.tv_sec, (long)tv.tv_usec);
	tv = (struct timeval){ 0, 40000 };
	T(select(0, NULL, NULL, NULL, &tv));
	FD_SET(sv[0], &r);
	T(pselect(sv[0] + 1, &r, NULL, NULL, &ts, NULL));
	say("timespec %ld %ld", (long)ts.tv_sec, ts.tv_nsec);
	T(epoll_wait(ep, &ev, 1, 40));
	T(epoll_pwait(ep, &ev, 1, 40, NULL));
	T(epoll_pwait2(ep, &ev, 1, &ts, NULL));
	R(poll(&p, 1, 0));
	R(epoll_wait(ep, &ev, 1, 0));
	R(ppoll(&p, 1, &bad, NULL));
	R(select(0, NULL, NULL, NULL, &badtv));
	R(pselect(0, NULL, NULL, NULL, &bad, NULL));
	R(epoll_pwait2(ep, &ev, 1, &bad, NULL));
	R(epoll_wait(ep, &ev, 0, 0));
	R(epoll_wait(ep, &ev, -1, 0));
	R(epoll_wait(-1, &ev, 1, 0));
	R(epoll_wait(sv[0], &ev, 1, 0));
	R(epoll_wait(ep, (struct epoll_event *)8, 1, 0));
	R(select(-1, NULL, NULL, NULL, NULL));
	/* Events that come while one waits with a timeout or for ever. */
	MUST(write(sv[1], "x", 1) == 1);
	R(epoll_wait(ep, (struct epoll_event *)8, 1, 0));
	R(epoll_wait(ep, &ev, 1, -1));
	R(poll(&p, 1, -7));
	close(ep);
	close(sv[0]);
	close(sv[1]);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
