/* SPDX-License-Identifier: MIT */
/* A thousand threads sleep at the same time, not one after the other. */
#include "t.h"

static void *
work(void *arg)
{
	ms(300);
	return arg;
}

int
main(void)
{
	static pthread_t t[1000];
	double begin = now();

	for (int i = 0; i < 1000; i++)
		t[i] = spawn(work, NULL);
	for (int i = 0; i < 1000; i++)
		join(t[i]);
	say("not early %d, together %d", now() - begin >= 0.3,
	    now() - begin < 10);
	return 0;
}
