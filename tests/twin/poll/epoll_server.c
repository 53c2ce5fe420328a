/* SPDX-License-Identifier: MIT */
/* An epoll loop in one thread with non-blocking sockets, blocking clients. */
#include <sys/epoll.h>

#include "t.h"

#define CLIENTS 50

static struct sockaddr_in addr;
static int lsock;

static void *
server(void *arg)
{
	int ep = epoll_create1(0), gone = 0;
	struct epoll_event ev, evs[16];

	fcntl(lsock, F_SETFL, O_NONBLOCK);
	ev = (struct epoll_event){ .events = EPOLLIN | EPOLLET,
				   .data.fd = lsock };
	epoll_ctl(ep, EPOLL_CTL_ADD, lsock, &ev);
	while (gone < CLIENTS) {
		int n = epoll_wait(ep, evs, 16, -1);

		for (int i = 0; i < n; i++) {
			int fd = evs[i].data.fd, c;
			char b[256];
			ssize_t r;

			if (fd == lsock) {
				while ((c = accept4(lsock, NULL, NULL,
						    SOCK_NONBLOCK)) >= 0) {
					ev.events = EPOLLIN | EPOLLET;
					ev.data.fd = c;
					epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev);
				}
				continue;
			}
			while ((r = read(fd, b, sizeof(b))) > 0)
				write(fd, b, r);
			if (r == 0) {
				close(fd);
				gone++;
			} else if (errno != EAGAIN) {
				say("read: %s", ename(errno));
			}
		}
	}
	close(ep);
	return arg;
}

static void *
client(void *arg)
{
	int fd = connect_tcp(&addr), good = 0;
	char out[100], in[100];

	for (int i = 0; i < 20; i++) {
		memset(out, i, sizeof(out));
		send(fd, out, sizeof(out), 0);
		if (recv(fd, in, sizeof(in), MSG_WAITALL) == sizeof(in) &&
		    !memcmp(in, out, sizeof(in)))
			good++;
	}
	close(fd);
	return (void *)(intptr_t)good;
}

int
main(void)
{
	pthread_t s, c[CLIENTS];
	intptr_t good = 0;

	lsock = listen_tcp(&addr, 128);
	s = spawn(server, NULL);
	for (int i = 0; i < CLIENTS; i++)
		c[i] = i % 10 == 0 ? spawn_kernel(client, NULL)
				   : spawn(client, NULL);
	for (int i = 0; i < CLIENTS; i++)
		good += (intptr_t)join(c[i]);
	join(s);
	say("good %ld", (long)good);
	return 0;
}
