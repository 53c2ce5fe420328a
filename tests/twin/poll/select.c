/* SPDX-License-Identifier: MIT */
/* select: three sets, remaining time, closed numbers, many descriptors. */
#include <sys/select.h>

#include "t.h"

static int sv[2];

static void *
late(void *arg)
{
	settle();
	MUST(write(sv[1], "x", 1) == 1);
	return arg;
}

static void *
work(void *arg)
{
	struct timeval tv = { 20, 0 };
	fd_set r, w, x;
	pthread_t t;
	int p[2], hi;
	char c;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&x);
	FD_SET(sv[0], &r);
	FD_SET(sv[0], &w);
	FD_SET(sv[0], &x);
	R(select(sv[0] + 1, &r, &w, &x, NULL));
	say("sets %d %d %d", !!FD_ISSET(sv[0], &r), !!FD_ISSET(sv[0], &w),
	    !!FD_ISSET(sv[0], &x));
	FD_ZERO(&r);
	FD_SET(sv[0], &r);
	t = spawn(late, NULL);
	R(select(sv[0] + 1, &r, NULL, NULL, &tv));
	say("set %d, some time left %d", !!FD_ISSET(sv[0], &r),
	    tv.tv_sec < 20 && tv.tv_sec > 10);
	join(t);
	FD_SET(sv[0], &r);
	FD_SET(sv[1], &r);
	FD_ZERO(&w);
	FD_SET(sv[1], &w);
	R(select(sv[1] + 1, &r, &w, NULL, NULL));
	say("sets %d %d %d", !!FD_ISSET(sv[0], &r), !!FD_ISSET(sv[1], &r),
	    !!FD_ISSET(sv[1], &w));
	read(sv[0], &c, 1);
	/* Beyond nfds is not looked at. */
	FD_ZERO(&r);
	FD_SET(sv[0], &r);
	tv = (struct timeval){ 0, 10000 };
	R(select(sv[0], &r, NULL, NULL, &tv));
	MUST(pipe(p) == 0);
	close(p[1]);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	R(select(p[0] + 1, &r, NULL, NULL, NULL));
	say("set %d", !!FD_ISSET(p[0], &r));
	close(p[0]);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	R(select(p[0] + 1, &r, NULL, NULL, NULL));
	hi = fcntl(sv[0], F_DUPFD, 1000);
	MUST(hi >= 1000 && hi < FD_SETSIZE);
	FD_ZERO(&r);
	FD_SET(hi, &r);
	t = spawn(late, NULL);
	R(select(hi + 1, &r, NULL, NULL, NULL));
	say("set %d", !!FD_ISSET(hi, &r));
	join(t);
	close(hi);
	close(sv[0]);
	close(sv[1]);
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
