/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Threads of both kinds fork all the time while others allocate and park. */
#include "t.h"

static int good, stop;

static void *
forks(void *arg)
{
	for (int i = 0; i < 15; i++) {
		pid_t p = fork();
		int st;

		if (p == 0) {
			char *b = malloc(1000);

			memset(b, i, 1000);
			usleep(100);
			_exit(b[500] == i ? 40 + i : 1);
		}
		if (waitpid(p, &st, 0) == p && WIFEXITED(st) &&
		    WEXITSTATUS(st) == 40 + i)
			__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
allocates(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		void *p = malloc(5000);

		usleep(20);
		free(p);
	}
	return arg;
}

int
main(void)
{
	pthread_t f[10], a[6];

	for (int i = 0; i < 6; i++)
		a[i] = i % 3 == 0 ? spawn_kernel(allocates, NULL)
				  : spawn(allocates, NULL);
	for (int i = 0; i < 10; i++)
		f[i] = i % 5 == 0 ? spawn_kernel(forks, NULL)
				  : spawn(forks, NULL);
	for (int i = 0; i < 10; i++)
		join(f[i]);
	stop = 1;
	for (int i = 0; i < 6; i++)
		join(a[i]);
	say("good %d", good);
	return 0;
}
