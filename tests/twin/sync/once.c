/* SPDX-License-Identifier: MIT */
/* pthread_once whose initialiser sleeps; nested; in kernel threads too. */
#include "t.h"

static pthread_once_t o1 = PTHREAD_ONCE_INIT, o2 = PTHREAD_ONCE_INIT;
static int ran1, ran2, early;

static void
init2(void)
{
	ms(50);
	ran2++;
}

static void
init1(void)
{
	pthread_once(&o2, init2);
	ms(50);
	ran1++;
}

static void *
work(void *arg)
{
	pthread_once(&o1, init1);
	if (!ran1 || !ran2)
		__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
	pthread_once(&o2, init2);
	return arg;
}

int
main(void)
{
	pthread_t t[30];

	for (int i = 0; i < 30; i++)
		t[i] = i % 6 == 5 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < 30; i++)
		join(t[i]);
	say("ran %d %d, early %d", ran1, ran2, early);
	E(pthread_once(&o1, init1));
	say("ran %d %d", ran1, ran2);
	return 0;
}
