/* SPDX-License-Identifier: MIT */
/* timerfd: read blocks until it expires; counts; disarmed; cancelled. */
#include <sys/timerfd.h>

#include "t.h"

static void *
work(void *arg)
{
	struct itimerspec its = { { 0, 0 }, { 0, 50000000 } }, got;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t v = 0;
	double begin = now();

	R(timerfd_settime(fd, 0, &its, NULL));
	R(read(fd, &v, sizeof(v)));
	say("expirations %llu, not early %d", (unsigned long long)v,
	    now() - begin >= 0.050);
	its.it_interval.tv_nsec = 10000000;
	its.it_value.tv_nsec = 10000000;
	begin = now();
	R(timerfd_settime(fd, 0, &its, NULL));
	uint64_t sum = 0;
	while (sum < 10) {
		if (read(fd, &v, sizeof(v)) != sizeof(v))
			break;
		sum += v;
	}
	say("not early %d", now() - begin >= 0.100);
	R(timerfd_gettime(fd, &got));
	say("interval %ld", got.it_interval.tv_nsec);
	memset(&its, 0, sizeof(its));
	R(timerfd_settime(fd, 0, &its, NULL));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	R(read(fd, &v, sizeof(v)));
	R(read(fd, &v, 4));
	R(write(fd, &v, sizeof(v)));
	close(fd);
	return arg;
}

int
main(void)
{
	work(NULL);
	join(spawn(work, NULL));
	join(spawn_kernel(work, NULL));
	return 0;
}
