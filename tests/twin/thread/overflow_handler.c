/* SPDX-License-Identifier: MIT */
/* Stack overflow with a handler on an alternate stack, in two threads. */
/* twin: cflags=-Wno-infinite-recursion cflags=-O0 */
#include <setjmp.h>

#include "t.h"

static __thread sigjmp_buf env;
static __thread char *alt;
static int caught;

static void
handler(int sig, siginfo_t *si, void *uc)
{
	char here;

	if (&here >= alt && &here < alt + 65536)
		__atomic_add_fetch(&caught, 1, __ATOMIC_SEQ_CST);
	siglongjmp(env, 1);
}

static int
deeper(int n)
{
	volatile char pad[2000];

	pad[0] = (char)n;
	return deeper(n + 1) + pad[0];
}

static void *
work(void *arg)
{
	stack_t ss = { .ss_size = 65536 }, old;

	alt = ss.ss_sp = malloc(65536);
	if (sigaltstack(NULL, &old) != 0 || !(old.ss_flags & SS_DISABLE))
		say("a new thread has an alternate stack");
	MUST(sigaltstack(&ss, NULL) == 0);
	usleep(500);
	for (volatile int i = 0; i < 3; i++) {
		if (sigsetjmp(env, 1) == 0)
			deeper(0);
		usleep(200);
	}
	if (sigaltstack(NULL, &old) != 0 || old.ss_sp != alt)
		say("lost the alternate stack");
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	free(alt);
	return arg;
}

int
main(void)
{
	struct sigaction sa = { 0 };
	pthread_t t[6];

	sa.sa_sigaction = handler;
	sa.sa_flags = SA_ONSTACK | SA_SIGINFO;
	sigaction(SIGSEGV, &sa, NULL);
	for (int i = 0; i < 6; i++)
		t[i] = i == 2 ? spawn_kernel(work, NULL) : spawn(work, NULL);
	for (int i = 0; i < 6; i++)
		join(t[i]);
	say("caught %d on the alternate stack", caught);
	return 0;
}
