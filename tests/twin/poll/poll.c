/* SPDX-License-Identifier: MIT */
/* poll: events, hang-up, invalid and negative numbers, doubles, n = 0. */
#include "t.h"

static void
show(const char *what, struct pollfd *p, int n, int timeout)
{
	int r = poll(p, n, timeout);
	int e = errno;
	char text[200] = "";

	for (int i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 " %#x", p[i].revents);
	if (r < 0)
		say("%s: -1 %s", what, ename(e));
	else
		say("%s: %d%s", what, r, text);
}

static int late_fd;

static void *
late(void *arg)
{
	settle();
	MUST(write(late_fd, "x", 1) == 1);
	return arg;
}

static void *
work(void *arg)
{
	int a[2], b[2], w[2], file;
	struct pollfd p[6];
	pthread_t t;
	char c[8];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0);
	MUST(pipe(b) == 0);
	MUST(pipe(w) == 0);
	file = open("file", O_RDWR | O_CREAT, 0600);

	p[0] = (struct pollfd){ a[0], POLLIN, 0 };
	show("nothing", p, 1, 0);
	p[0].events = POLLIN | POLLOUT;
	show("writable", p, 1, -1);
	p[0].events = 0;
	show("no events", p, 1, 10);
	p[0] = (struct pollfd){ -1, POLLIN, 99 };
	p[1] = (struct pollfd){ a[0], POLLOUT, 99 };
	p[2] = (struct pollfd){ 12345, POLLIN, 99 };
	show("negative, good, invalid", p, 3, -1);
	p[1].events = POLLIN;
	show("invalid ends the wait", p, 3, -1);
	show("only negative", p, 1, 20);
	p[0] = (struct pollfd){ file, POLLIN | POLLOUT, 0 };
	show("regular file", p, 1, -1);
	p[0] = (struct pollfd){ a[0], POLLIN, 0 };
	p[1] = (struct pollfd){ a[0], POLLOUT, 0 };
	p[2] = (struct pollfd){ a[0], POLLIN | POLLOUT, 0 };
	show("three times the same", p, 3, -1);
	p[1].events = p[2].events = POLLIN;
	late_fd = a[1];
	t = spawn(late, NULL);
	show("three times the same, later", p, 3, -1);
	join(t);
	read(a[0], c, 1);

	p[0] = (struct pollfd){ b[0], POLLIN, 0 };
	p[1] = (struct pollfd){ file, POLLIN, 0 };
	show("mixed with a file", p, 2, -1);
	late_fd = b[1];
	t = spawn(late, NULL);
	p[1] = (struct pollfd){ a[0], POLLIN, 0 };
	show("pipe of two", p, 2, 20000);
	join(t);
	p[0] = (struct pollfd){ b[0], POLLIN | POLLRDNORM | POLLPRI, 0 };
	show("still readable", p, 1, 0);
	show("again", p, 1, -1);
	read(b[0], c, 1);
	close(b[1]);
	show("writer gone", p, 1, -1);
	close(w[0]);
	p[0] = (struct pollfd){ w[1], POLLOUT, 0 };
	show("reader gone", p, 1, -1);
	shutdown(a[1], SHUT_WR);
	p[0] = (struct pollfd){ a[0], POLLIN | POLLRDHUP, 0 };
	show("half closed", p, 1, -1);
	close(a[1]);
	p[0].events = 0;
	show("peer gone, no events asked", p, 1, -1);
	R(poll(NULL, 0, 0));
	R(poll(NULL, 0, 30));
	R(poll((struct pollfd *)8, 1, 0));
	R(poll(p, 1u << 30, 0));
	close(a[0]);
	close(b[0]);
	close(w[1]);
	close(file);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
