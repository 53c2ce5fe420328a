/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* No wait is ever early, measured many times in many threads. */
#include <poll.h>

#include "t.h"

static int early, done;

static void *
work(void *arg)
{
	unsigned k = (unsigned)(intptr_t)arg;

	for (int i = 0; i < 30; i++) {
		int usec = 100 + (k * 7919 + i * 104729) % 3000;
		struct timespec a, b, ts = { 0, usec * 1000 };
		long long took;

		clock_gettime(CLOCK_MONOTONIC, &a);
		switch (i % 4) {
		case 0:
			usleep(usec);
			break;
		case 1:
			nanosleep(&ts, NULL);
			break;
		case 2:
			ppoll(NULL, 0, &ts, NULL);
			break;
		case 3:
			clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		}
		clock_gettime(CLOCK_MONOTONIC, &b);
		took = (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec -
		       a.tv_nsec;
		if (took < usec * 1000ll)
			__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[100];

	for (intptr_t i = 0; i < 100; i++)
		t[i] = i % 10 == 0 ? spawn_kernel(work, (void *)i)
				   : spawn(work, (void *)i);
	for (int i = 0; i < 100; i++)
		join(t[i]);
	say("done %d, early %d", done, early);
	return 0;
}
