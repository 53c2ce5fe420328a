/* SPDX-License-Identifier: MIT */
/*
 * A thread waits in recv while another makes the socket non-blocking and shuts
 * its writing side down: the wait goes on, and what comes is received.
 */
#include "../t.h"

static int sv[2];

static void *
reader(void *arg)
{
	char buf[16];
	ssize_t n;

	(void)arg;
	n = recv(sv[0], buf, sizeof(buf), 0);
	say("recv %zd", n);
	n = recv(sv[0], buf, sizeof(buf), 0);
	say("recv %zd %d", n, n < 0 ? errno : 0);
	return NULL;
}

int
main(void)
{
	struct timespec a, b;
	pthread_t pt;
	char c;

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	pthread_create(&pt, NULL, reader, NULL);
	usleep(20000);
	fcntl(sv[0], F_SETFL, O_RDWR | O_NONBLOCK);
	say("shutdown %d", shutdown(sv[0], SHUT_WR));
	say("peer %zd", recv(sv[1], &c, 1, 0));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	usleep(300000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	/* Waiting takes no processor time. */
	say("idle %d",
	    (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 <
		    100);
	say("send %zd", send(sv[1], "abc", 3, 0));
	usleep(20000);
	close(sv[1]);
	pthread_join(pt, NULL);
	return 0;
}
