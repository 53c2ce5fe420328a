/* SPDX-License-Identifier: MIT */
/* An initialiser that is cancelled leaves the control as if never run. */
#include "t.h"

static pthread_once_t o = PTHREAD_ONCE_INIT;
static int runs;

static void
init(void)
{
	if (runs++ == 0)
		for (;;)
			pause();
	say("second run");
}

static void *
work(void *arg)
{
	pthread_once(&o, init);
	return arg;
}

int
main(void)
{
	pthread_t a = spawn(work, &a), b;

	settle();
	b = spawn(work, &runs);
	settle();
	MUST(pthread_cancel(a) == 0);
	int second = join(b) == &runs;

	say("first cancelled: %d", join(a) == PTHREAD_CANCELED);
	say("second returned: %d", second);
	say("runs %d", runs);
	return 0;
}
