/* SPDX-License-Identifier: MIT */
/*
 * A request for cancellation that meets a thread just before or in a system
 * call that only a kernel thread can wait in: it must end, whenever the request
 * comes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int fd;
static atomic_int about;

static void *
waits(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)arg;
	atomic_store(&about, 1);
	fcntl(fd, F_OFD_SETLKW, &l);
	return NULL;
}

int
main(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[] = "/tmp/cancel_hop.XXXXXX";
	struct timespec limit;
	int i, owner, n = 0, bad = 0;
	volatile int k;
	pthread_t t;
	void *ret;

	owner = mkstemp(path);
	fd = open(path, O_RDWR);
	unlink(path);
	if (owner < 0 || fd < 0 || fcntl(owner, F_OFD_SETLK, &l) < 0) {
		perror("lock");
		return 1;
	}
	for (i = 0; i < 3000 && !bad; i++) {
		atomic_store(&about, 0);
		if (pthread_create(&t, NULL, waits, NULL) != 0)
			return 1;
		while (!atomic_load(&about))
			sched_yield();
		/* Somewhere on its way, or there. */
		for (k = 0; k < i % 300 * 300; k++)
			;
		pthread_cancel(t);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 60;
		bad = pthread_timedjoin_np(t, &ret, &limit);
		if (bad == 0 && ret == PTHREAD_CANCELED)
			n++;
	}
	printf("%s, %d cancelled\n", bad ? "one waits on" : "all ended", n);
	return 0;
}
