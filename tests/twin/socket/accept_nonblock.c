/* SPDX-License-Identifier: MIT */
/* accept4 flags; accept on a non-blocking listener; errors. */
#include "t.h"

static int lsock;

static void *
late(void *arg)
{
	settle();
	return (void *)(intptr_t)connect_tcp(arg);
}

int
main(void)
{
	struct sockaddr_in addr, peer;
	socklen_t len = sizeof(peer);
	pthread_t t;
	int fd, c, p[2];

	lsock = listen_tcp(&addr, 10);
	t = spawn(late, &addr);
	fd = accept4(lsock, NULL, NULL, SOCK_NONBLOCK);
	say("accepted %d, nonblocking %d", fd >= 0,
	    !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
	close(fd);
	close((int)(intptr_t)join(t));
	fcntl(lsock, F_SETFL, O_NONBLOCK);
	R(accept(lsock, NULL, NULL));
	R(accept4(lsock, NULL, NULL, SOCK_NONBLOCK));
	R(accept4(lsock, NULL, NULL, 0x7777));
	c = connect_tcp(&addr);
	settle();
	fd = accept(lsock, (struct sockaddr *)&peer, &len);
	say("accepted %d, nonblocking %d, len %d", fd >= 0,
	    !!(fcntl(fd, F_GETFL) & O_NONBLOCK), (int)len);
	R(accept(fd, NULL, NULL));
	R(accept(-1, NULL, NULL));
	R(pipe(p));
	R(accept(p[0], NULL, NULL));
	close(c);
	/* A client that is gone before accept is still delivered. */
	c = connect_tcp(&addr);
	close(c);
	settle();
	fd = accept(lsock, NULL, NULL);
	say("accepted %d, read %zd", fd >= 0, read(fd, &c, 1));
	/* A receive timeout is accept's timeout, too. */
	fcntl(lsock, F_SETFL, 0);
	setsockopt(lsock, SOL_SOCKET, SO_RCVTIMEO,
		   &(struct timeval){ 0, 50000 }, sizeof(struct timeval));
	R(accept(lsock, NULL, NULL));
	return 0;
}
