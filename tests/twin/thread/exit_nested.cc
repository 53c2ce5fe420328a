/* SPDX-License-Identifier: MIT */
/* twin: cflags=-Wno-infinite-recursion */
/* pthread_exit from nested frames: C++ destructors, cleanup handlers, TSD. */
#include <cxxabi.h>

#include "t.h"

static pthread_key_t key;

struct noisy {
	const char *name;
	~noisy()
	{
		usleep(100);
		say("~%s", name);
	}
};

static void
cleanup(void *arg)
{
	usleep(100);
	say("cleanup %s", (const char *)arg);
}

static void
specific(void *arg)
{
	say("tsd %s", (const char *)arg);
}

static void
inner(int depth)
{
	noisy n = { depth == 0 ? "innermost" : "inner" };

	if (depth == 0)
		pthread_exit((void *)"value");
	usleep(10);
	inner(depth - 1);
}

static void *
work(void *arg)
{
	static thread_local noisy tl = { "thread_local" };
	noisy outer = { "outer" };

	tl.name = "thread_local used";
	pthread_setspecific(key, "specific");
	pthread_cleanup_push(cleanup, (void *)"first");
	pthread_cleanup_push(cleanup, (void *)"second");
	try {
		inner(2);
	} catch (abi::__forced_unwind &) {
		say("forced unwind seen");
		throw;
	}
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *
popped(void *arg)
{
	pthread_cleanup_push(cleanup, (void *)"run by pop");
	pthread_cleanup_pop(1);
	pthread_cleanup_push(cleanup, (void *)"never");
	pthread_cleanup_pop(0);
	return arg;
}

int
main()
{
	pthread_key_create(&key, specific);
	say("-- green");
	say("%s", (char *)join(spawn(work, NULL)));
	say("-- kernel");
	say("%s", (char *)join(spawn_kernel(work, NULL)));
	say("-- again");
	say("%s", (char *)join(spawn(work, NULL)));
	join(spawn(popped, NULL));
	return 0;
}
