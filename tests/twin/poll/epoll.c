/* SPDX-License-Identifier: MIT */
/* epoll: level, edge, one-shot, nested, change while one waits. */
#include <sys/epoll.h>

#include "t.h"

static int ep, sv[2], more[2];

static void
wait_for(const char *what, int timeout)
{
	struct epoll_event ev[8];
	int n = epoll_wait(ep, ev, 8, timeout);

	if (n > 0)
		say("%s: %d, events %#x, data %d", what, n, ev[0].events,
		    (int)ev[0].data.u64);
	else
		say("%s: %d %s", what, n, n < 0 ? ename(errno) : "");
}

static void
ctl(int op, int fd, uint32_t events, int data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	R(epoll_ctl(ep, op, fd, &ev));
}

static void *
late_write(void *arg)
{
	settle();
	MUST(write(*(int *)arg, "x", 1) == 1);
	return arg;
}

static void *
late_add(void *arg)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 9 };

	settle();
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, more[0], &ev) == 0);
	return arg;
}

static void *
work(void *arg)
{
	struct epoll_event ev[8];
	int outer, file, n;
	pthread_t t;
	char b[8];

	ep = epoll_create1(EPOLL_CLOEXEC);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, more) == 0);
	say("-- level");
	ctl(EPOLL_CTL_ADD, sv[0], EPOLLIN, 1);
	ctl(EPOLL_CTL_ADD, sv[0], EPOLLIN, 1);
	wait_for("nothing", 0);
	t = spawn(late_write, &sv[1]);
	wait_for("first", -1);
	wait_for("still", -1);
	join(t);
	read(sv[0], b, 8);
	wait_for("read", 0);
	say("-- edge");
	ctl(EPOLL_CTL_MOD, sv[0], EPOLLIN | EPOLLET, 2);
	t = spawn(late_write, &sv[1]);
	wait_for("edge", -1);
	join(t);
	wait_for("no new edge", 20);
	t = spawn(late_write, &sv[1]);
	wait_for("second edge", 20000);
	join(t);
	R(read(sv[0], b, 8));
	say("-- one shot");
	ctl(EPOLL_CTL_MOD, sv[0], EPOLLIN | EPOLLONESHOT, 3);
	t = spawn(late_write, &sv[1]);
	wait_for("shot", -1);
	join(t);
	wait_for("disarmed", 20);
	ctl(EPOLL_CTL_MOD, sv[0], EPOLLIN | EPOLLONESHOT, 4);
	wait_for("armed", -1);
	read(sv[0], b, 8);
	say("-- nested");
	ctl(EPOLL_CTL_MOD, sv[0], EPOLLIN, 5);
	outer = epoll_create1(0);
	ev[0] = (struct epoll_event){ .events = EPOLLIN, .data.u64 = 77 };
	R(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &ev[0]));
	t = spawn(late_write, &sv[1]);
	n = epoll_wait(outer, ev, 8, -1);
	say("outer %d data %d", n, (int)ev[0].data.u64);
	join(t);
	wait_for("inner", 0);
	struct pollfd p = { outer, POLLIN, 0 };
	R(poll(&p, 1, -1));
	say("revents %#x", p.revents);
	read(sv[0], b, 8);
	R(poll(&p, 1, 0));
	close(outer);
	say("-- changes while it waits");
	MUST(write(more[1], "y", 1) == 1);
	t = spawn(late_add, NULL);
	wait_for("added", -1);
	join(t);
	read(more[0], b, 8);
	ctl(EPOLL_CTL_DEL, more[0], 0, 0);
	ctl(EPOLL_CTL_DEL, more[0], 0, 0);
	ctl(EPOLL_CTL_MOD, more[0], EPOLLIN, 0);
	say("-- two ready, one slot");
	ctl(EPOLL_CTL_ADD, more[0], EPOLLIN, 6);
	MUST(write(more[1], "y", 1) == 1);
	MUST(write(sv[1], "y", 1) == 1);
	R(epoll_wait(ep, ev, 1, -1));
	R(epoll_wait(ep, ev, 8, -1));
	say("-- closing takes it out");
	close(more[0]);
	R(epoll_wait(ep, ev, 8, -1));
	read(sv[0], b, 8);
	R(epoll_wait(ep, ev, 8, 0));
	say("-- hang-up");
	close(sv[1]);
	wait_for("hung up", -1);
	say("-- refused");
	file = open("file", O_RDWR | O_CREAT, 0600);
	ctl(EPOLL_CTL_ADD, file, EPOLLIN, 0);
	ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 0);
	ctl(EPOLL_CTL_ADD, 12345, EPOLLIN, 0);
	R(epoll_create(0));
	close(file);
	close(ep);
	close(sv[0]);
	close(more[1]);
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
