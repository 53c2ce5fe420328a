/* SPDX-License-Identifier: MIT */
/*
 * An echo server on epoll, written by hand: what examples/echo.c is measured
 * against. One thread, level-triggered, each descriptor registered once, one
 * recv() and one send() per message and nothing else.
 *
 *	epoll-echo [PORT]
 */

#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512

static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static void
welcome(int epfd, int listener)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		ev.data.fd = fd;
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
			die("epoll_ctl", errno);
	}
}

static void
echo(int fd)
{
	char buf[1024];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	/* Benchmark only: the peer takes what it sent, so that a send of this
	 * size never comes short. */
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || send(fd, buf, n, MSG_NOSIGNAL) != n)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sigaction sa = { .sa_handler = on_stop };
	struct epoll_event ev = { .events = EPOLLIN }, events[EVENTS];
	socklen_t len = sizeof(sin);
	struct rlimit fds;
	int epfd, listener;

	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	epfd = epoll_create1(0);
	ev.data.fd = listener;
	if (listener < 0 || epfd < 0 ||
	    bind(listener, (struct sockaddr *)&sin, len) < 0 ||
	    listen(listener, 4096) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) < 0 ||
	    epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &ev) < 0)
		die("epoll-echo: listen", errno);
	printf("listening on 127.0.0.1 port %d\n", ntohs(sin.sin_port));
	fflush(stdout);

	while (!stopping) {
		int n = epoll_wait(epfd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				welcome(epfd, listener);
			else
				echo(events[i].data.fd);
		}
	}
	return 0;
}
