/* SPDX-License-Identifier: MIT */
/* Several threads wait on one epoll set; EPOLLEXCLUSIVE; one-shot work. */
#include <sys/epoll.h>

#include "t.h"

#define N 30

static int ep, sv[N][2], done, total;

static void *
worker(void *arg)
{
	for (;;) {
		struct epoll_event ev;
		char b;

		if (epoll_wait(ep, &ev, 1, -1) != 1) {
			say("epoll_wait: %s", ename(errno));
			return arg;
		}
		if ((int)ev.data.u32 < 0)
			return arg;
		int i = ev.data.u32;
		if (recv(sv[i][0], &b, 1, MSG_DONTWAIT) == 1)
			__atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
		else
			say("nothing there: %s", ename(errno));
		usleep(50);
		ev.events = EPOLLIN | EPOLLONESHOT;
		epoll_ctl(ep, EPOLL_CTL_MOD, sv[i][0], &ev);
	}
}

int
main(void)
{
	struct epoll_event ev;
	pthread_t t[6];

	ep = epoll_create1(0);
	for (int i = 0; i < N; i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv[i]) == 0);
		ev.events = EPOLLIN | EPOLLONESHOT;
		ev.data.u32 = i;
		epoll_ctl(ep, EPOLL_CTL_ADD, sv[i][0], &ev);
	}
	for (int i = 0; i < 6; i++)
		t[i] = i == 5 ? spawn_kernel(worker, NULL)
			      : spawn(worker, NULL);
	for (int r = 0; r < 20; r++)
		for (int i = 0; i < N; i++)
			MUST(write(sv[(i * 7 + r) % N][1], "x", 1) == 1);
	for (int i = 0;
	     i < 2000 && __atomic_load_n(&total, __ATOMIC_SEQ_CST) < 20 * N;
	     i++)
		ms(5);
	say("total %d", total);
	int stop[2];

	MUST(pipe(stop) == 0);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	ev.data.u32 = -1;
	R(epoll_ctl(ep, EPOLL_CTL_ADD, stop[0], &ev));
	MUST(write(stop[1], "x", 1) == 1);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	say("done %d", done);
	return 0;
}
