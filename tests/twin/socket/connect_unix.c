/* SPDX-License-Identifier: MIT */
/* A unix listener whose backlog is full: connect blocks until accept. */
#include "t.h"

static struct sockaddr_un un = { AF_UNIX, "full.sock" };
static int order, when_connected, when_accepted;

static void *
blocked(void *arg)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	R(connect(s, (void *)&un, sizeof(un)));
	when_connected = __atomic_add_fetch(&order, 1, __ATOMIC_SEQ_CST);
	return (void *)(intptr_t)s;
}

int
main(void)
{
	struct timeval tv = { 0, 60000 };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), s, c[2];
	pthread_t t;
	double begin;

	MUST(bind(l, (void *)&un, sizeof(un)) == 0);
	MUST(listen(l, 0) == 0);
	c[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	R(connect(c[0], (void *)&un, sizeof(un)));
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	R(connect(s, (void *)&un, sizeof(un)));
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	begin = now();
	R(connect(s, (void *)&un, sizeof(un)));
	say("not early: %d", now() - begin >= 0.059);
	close(s);
	t = spawn(blocked, NULL);
	settle();
	when_accepted = __atomic_add_fetch(&order, 1, __ATOMIC_SEQ_CST);
	s = accept(l, NULL, NULL);
	c[1] = (int)(intptr_t)join(t);
	say("accepted %d, connected after it %d", s >= 0,
	    when_connected > when_accepted);
	R(fcntl(c[1], F_GETFL) & O_NONBLOCK);
	s = accept(l, NULL, NULL);
	R(write(c[1], "hello", 5));
	char b[8];
	R(read(s, b, sizeof(b)));
	return 0;
}
