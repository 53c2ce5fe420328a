/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server in one thread (epoll) that answers each request after
 * DELAY milliseconds and closes; prints its port.  It must cost little CPU:
 * what is measured is the client.
 *
 *	server [DELAY]
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 20000

struct conn {
	char head[512]; /* what came of the request */
	int len; /* bytes of it */
	long item; /* the number asked for */
	long long due; /* when to answer, ns */
	int next; /* in the queue of answers, -1 at its end */
};

static struct conn *conns;
static int first = -1, last = -1;

static long long
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void
answer(int fd)
{
	static char out[8192];
	char line[64];
	long n = conns[fd].item;
	int times = 1 + n % 50, one, len, done = 0;

	one = snprintf(line, sizeof(line), "item %ld\n", n);
	len = snprintf(out, sizeof(out),
		       "HTTP/1.1 200 OK\r\nX-Item: %ld\r\n"
		       "Content-Length: %d\r\nConnection: close\r\n\r\n",
		       n, one * times);
	for (int i = 0; i < times; i++) {
		memcpy(out + len, line, one);
		len += one;
	}
	/* So little fits into a socket's buffer. */
	while (done < len) {
		ssize_t w = send(fd, out + done, len - done, MSG_NOSIGNAL);

		if (w <= 0)
			break;
		done += w;
	}
	close(fd);
}

/* True once the whole request is there. */
static int
request(int fd)
{
	struct conn *c = &conns[fd];
	ssize_t n = recv(fd, c->head + c->len, sizeof(c->head) - 1 - c->len,
			 MSG_DONTWAIT);
	char *item;

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->len += n;
	c->head[c->len] = 0;
	if (!strstr(c->head, "\r\n\r\n"))
		return c->len == sizeof(c->head) - 1 ? -1 : 0;
	item = strstr(c->head, "/item/");
	if (!item)
		return -1;
	c->item = atol(item + 6);
	return 1;
}

int
main(int argc, char **argv)
{
	long long delay = (argc > 1 ? atoi(argv[1]) : 100) * 1000000ll;
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct epoll_event ev = { .events = EPOLLIN }, evs[256];
	struct rlimit rl = { MAX_FD, MAX_FD };
	socklen_t len = sizeof(in);
	int l, ep;

	setrlimit(RLIMIT_NOFILE, &rl);
	conns = calloc(MAX_FD, sizeof(*conns));
	l = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!conns || bind(l, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(l, 4096) != 0 ||
	    getsockname(l, (struct sockaddr *)&in, &len) != 0)
		return 1;
	printf("%d\n", ntohs(in.sin_port));
	fflush(stdout);
	ep = epoll_create1(0);
	ev.data.fd = l;
	epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev);
	for (;;) {
		int wait = -1, n;

		if (first >= 0) {
			long long left = conns[first].due - now();

			wait = left <= 0 ? 0 : (int)(left / 1000000 + 1);
		}
		n = epoll_wait(ep, evs, 256, wait);
		for (int i = 0; i < n; i++) {
			int fd = evs[i].data.fd, r;

			if (fd == l) {
				fd = accept(l, NULL, NULL);
				if (fd < 0 || fd >= MAX_FD) {
					close(fd);
					continue;
				}
				conns[fd].len = 0;
				ev.data.fd = fd;
				epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
				continue;
			}
			r = request(fd);
			if (r == 0)
				continue;
			epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
			if (r < 0) {
				close(fd);
				continue;
			}
			/* All wait equally long: a queue is sorted. */
			conns[fd].due = now() + delay;
			conns[fd].next = -1;
			if (last >= 0)
				conns[last].next = fd;
			else
				first = fd;
			last = fd;
		}
		while (first >= 0 && conns[first].due <= now()) {
			int fd = first;

			first = conns[fd].next;
			if (first < 0)
				last = -1;
			answer(fd);
		}
	}
}
