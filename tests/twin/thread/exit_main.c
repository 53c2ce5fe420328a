/* SPDX-License-Identifier: MIT */
/* pthread_exit in main: the others run on; the last one's end is status 0. */
#include "t.h"

static pthread_t main_thread;

static void
at_exit(void)
{
	say("atexit handler");
}

static void
cleanup(void *arg)
{
	say("main's cleanup");
}

static void *
work(void *arg)
{
	void *ret;

	E(pthread_join(main_thread, &ret));
	say("main returned %s", (char *)ret);
	usleep(1000);
	say("last words");
	return arg;
}

int
main(void)
{
	main_thread = pthread_self();
	atexit(at_exit);
	spawn(work, NULL);
	pthread_cleanup_push(cleanup, NULL);
	pthread_exit("value of main");
	pthread_cleanup_pop(0);
	return 9;
}
