/* SPDX-License-Identifier: MIT */
/* twin: cflags=-frounding-math libs=-lm */
/* Rounding mode and exception flags belong to the thread; inheritance. */
#include <fenv.h>

#include "t.h"

static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD,
			     FE_TOWARDZERO };
static int bad;

static void *
work(void *arg)
{
	int mode = modes[(intptr_t)arg % 4];
	volatile double one = 1, three = 3;
	volatile long double lone = 1, lthree = 3;
	double q;
	long double lq;

	if (fegetround() != FE_TONEAREST)
		__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	fesetround(mode);
	q = one / three;
	lq = lone / lthree;
	for (int i = 0; i < 20; i++) {
		usleep(100);
		if (fegetround() != mode || one / three != q ||
		    lone / lthree != lq)
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void *
mode_of_child(void *arg)
{
	return (void *)(intptr_t)fegetround();
}

int
main(void)
{
	pthread_t t[16];

	for (intptr_t i = 0; i < 16; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	for (int i = 0; i < 16; i++)
		join(t[i]);
	say("bad %d, main's unchanged: %d", bad, fegetround() == FE_TONEAREST);
	fesetround(FE_UPWARD);
	say("inherited: %d",
	    (intptr_t)join(spawn(mode_of_child, NULL)) == FE_UPWARD);
	fesetround(FE_TONEAREST);
	say("inherited: %d",
	    (intptr_t)join(spawn(mode_of_child, NULL)) == FE_TONEAREST);
	return 0;
}
