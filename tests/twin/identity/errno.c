/* SPDX-License-Identifier: MIT */
/* errno is the thread's own: across parks, calls that succeed, and reuse. */
#include "t.h"

static int bad_first, bad_kept;

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg, p[2];
	char c;

	/* A new thread, reused or not, starts at zero. */
	if (errno != 0)
		__atomic_add_fetch(&bad_first, 1, __ATOMIC_SEQ_CST);
	MUST(pipe(p) == 0);
	MUST(write(p[1], "x", 1) == 1);
	for (int i = 0; i < 20; i++) {
		errno = 1000 + k;
		usleep(100 * (k % 7));
		sched_yield();
		if (errno != 1000 + k)
			__atomic_add_fetch(&bad_kept, 1, __ATOMIC_SEQ_CST);
		if (read(p[0], &c, 1) != 1 || write(p[1], &c, 1) != 1 ||
		    errno != 1000 + k)
			__atomic_add_fetch(&bad_kept, 1, __ATOMIC_SEQ_CST);
		if (k % 2 ? close(-1) == 0 || errno != EBADF
			  : open("none", O_RDONLY) >= 0 || errno != ENOENT)
			__atomic_add_fetch(&bad_kept, 1, __ATOMIC_SEQ_CST);
		usleep(50);
		if (errno != (k % 2 ? EBADF : ENOENT))
			__atomic_add_fetch(&bad_kept, 1, __ATOMIC_SEQ_CST);
	}
	close(p[0]);
	close(p[1]);
	errno = 77;
	return NULL;
}

int
main(void)
{
	pthread_t t[40];

	for (int round = 0; round < 3; round++) {
		for (intptr_t i = 0; i < 40; i++)
			t[i] = i % 5 == 0 ? spawn_kernel(work, (void *)i)
					  : spawn(work, (void *)i);
		errno = 5;
		ms(20);
		say("main: %s", ename(errno));
		for (int i = 0; i < 40; i++)
			join(t[i]);
		say("first %d, kept %d", bad_first, bad_kept);
	}
	return 0;
}
