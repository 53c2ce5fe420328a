/* SPDX-License-Identifier: MIT */
/* A server thread in accept, a thread a connection; all answer. */
#include "t.h"

#define CLIENTS 100

static struct sockaddr_in addr;
static int lsock;

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg, n;

	if (recv(fd, &n, sizeof(n), MSG_WAITALL) == sizeof(n)) {
		ms(20);
		n = n * 2;
		send(fd, &n, sizeof(n), 0);
	}
	close(fd);
	return NULL;
}

static void *
acceptor(void *arg)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(lsock, (struct sockaddr *)&peer, &len,
				 SOCK_CLOEXEC);

		if (fd < 0 || len != sizeof(peer) ||
		    peer.sin_family != AF_INET ||
		    !(fcntl(fd, F_GETFD) & FD_CLOEXEC) ||
		    (fcntl(fd, F_GETFL) & O_NONBLOCK))
			say("accept: %s", ename(errno));
		pthread_detach(spawn(serve, (void *)(intptr_t)fd));
	}
	return arg;
}

static void *
client(void *arg)
{
	int fd = connect_tcp(&addr), n = (int)(intptr_t)arg, r = -1;

	send(fd, &n, sizeof(n), 0);
	recv(fd, &r, sizeof(r), MSG_WAITALL);
	close(fd);
	return (void *)(intptr_t)(r == 2 * n);
}

int
main(void)
{
	pthread_t a, c[CLIENTS];
	intptr_t good = 0;

	lsock = listen_tcp(&addr, 128);
	a = spawn(acceptor, NULL);
	for (intptr_t i = 0; i < CLIENTS; i++)
		c[i] = (i % 10 == 0 ? spawn_kernel : spawn)(client, (void *)i);
	for (int i = 0; i < CLIENTS; i++)
		good += (intptr_t)join(c[i]);
	join(a);
	say("good %ld", (long)good);
	R(fcntl(lsock, F_GETFL) & O_NONBLOCK);
	return 0;
}
