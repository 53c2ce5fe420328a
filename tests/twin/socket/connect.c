/* SPDX-License-Identifier: MIT */
/* connect: refused, in progress, already, is connected, bad addresses. */
#include "t.h"

static struct sockaddr_in addr;

static void *
work(void *arg)
{
	struct sockaddr_in none = addr;
	struct sockaddr_un un = { AF_UNIX, "not-there" };
	struct pollfd p;
	socklen_t len = sizeof(int);
	int s, l, err;

	/* A port that was bound a moment ago and is free again. */
	l = listen_tcp(&none, 1);
	close(l);
	s = socket(AF_INET, SOCK_STREAM, 0);
	R(connect(s, (void *)&none, sizeof(none)));
	R(getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len));
	say("SO_ERROR %s", ename(err));
	R(fcntl(s, F_GETFL) & O_NONBLOCK);
	/* The same socket may try again. */
	R(connect(s, (void *)&addr, sizeof(addr)));
	R(connect(s, (void *)&addr, sizeof(addr)));
	R(fcntl(s, F_GETFL) & O_NONBLOCK);
	close(s);

	say("-- non-blocking, refused");
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	R(connect(s, (void *)&none, sizeof(none)));
	p = (struct pollfd){ s, POLLOUT, 0 };
	R(poll(&p, 1, 10000));
	say("revents %#x", p.revents);
	R(getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len));
	say("SO_ERROR %s", ename(err));
	R(fcntl(s, F_GETFL) & O_NONBLOCK);
	close(s);

	say("-- non-blocking, accepted");
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	R(connect(s, (void *)&addr, sizeof(addr)));
	p = (struct pollfd){ s, POLLOUT, 0 };
	R(poll(&p, 1, 10000));
	say("revents %#x", p.revents);
	R(connect(s, (void *)&addr, sizeof(addr)));
	R(connect(s, (void *)&addr, sizeof(addr)));
	close(s);

	say("-- bad arguments");
	s = socket(AF_INET, SOCK_STREAM, 0);
	R(connect(s, (void *)&addr, 4));
	R(connect(s, (void *)&un, sizeof(un)));
	R(connect(s, (void *)8, sizeof(addr)));
	R(connect(-1, (void *)&addr, sizeof(addr)));
	R(connect(0, (void *)&addr, sizeof(addr)));
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	R(connect(s, (void *)&un, sizeof(un)));
	close(s);
	return arg;
}

int
main(void)
{
	listen_tcp(&addr, 128);
	say("-- main");
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
