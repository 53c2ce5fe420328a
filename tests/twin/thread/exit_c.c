/* SPDX-License-Identifier: MIT */
/* twin: cflags=-Wno-infinite-recursion */
/* pthread_exit and cleanup handlers in C; longjmp within a thread. */
#include <setjmp.h>

#include "t.h"

static jmp_buf main_env;

static void
cleanup(void *arg)
{
	usleep(50);
	say("cleanup %s", (const char *)arg);
}

static void
deep(jmp_buf env, int depth)
{
	volatile char pad[100];

	pad[0] = (char)depth;
	if (depth == 0) {
		usleep(100);
		longjmp(env, 5);
	}
	deep(env, depth - 1);
	say("not reached %d", pad[0]);
}

static void *
work(void *arg)
{
	jmp_buf env;
	sigjmp_buf senv;
	volatile int round = 0;
	int r;

	pthread_cleanup_push(cleanup, "outer");
	r = setjmp(env);
	if (round++ < 3) {
		usleep(100);
		deep(env, round * 3);
	}
	say("jumped with %d in round %d", r, round);
	if (sigsetjmp(senv, 1) == 0) {
		usleep(100);
		siglongjmp(senv, 1);
	}
	pthread_cleanup_push(cleanup, "inner");
	usleep(100);
	pthread_exit(arg);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

int
main(void)
{
	say("%s", (char *)join(spawn(work, "green")));
	say("%s", (char *)join(spawn_kernel(work, "kernel")));
	say("%s", (char *)join(spawn(work, "green again")));
	if (setjmp(main_env) == 0)
		deep(main_env, 4);
	say("main jumped");
	return 0;
}
