/* SPDX-License-Identifier: MIT */
/* Stack overflow in a green thread ends the process by SIGSEGV. */
/* twin: cflags=-Wno-infinite-recursion cflags=-O0 */
#include "t.h"

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
	usleep(1000);
	say("before");
	say("not reached %d", deeper(0));
	return arg;
}

int
main(void)
{
	join(spawn(work, NULL));
	return 0;
}
