/* SPDX-License-Identifier: MIT */
/* Many threads wait for a child each, while another one ticks. */
#include "t.h"

#define N 40

static int ticks, good;

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg, st;
	pid_t p = fork();

	if (p == 0) {
		ms(50 + k);
		_exit(k);
	}
	if (waitpid(p, &st, 0) == p && WIFEXITED(st) && WEXITSTATUS(st) == k)
		__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *
tick(void *arg)
{
	for (int i = 0; i < 10; i++) {
		ms(5);
		ticks++;
	}
	return arg;
}

int
main(void)
{
	pthread_t t[N], u = spawn(tick, NULL);

	for (intptr_t i = 0; i < N; i++)
		t[i] = i % 8 == 7 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	join(u);
	for (int i = 0; i < N; i++)
		join(t[i]);
	say("good %d, ticks %d", good, ticks);
	R(wait(NULL));
	return 0;
}
