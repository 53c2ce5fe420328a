/* SPDX-License-Identifier: MIT */
/* Cancellation unwinds C++ frames and catch-all handlers rethrow. */
#include "t.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

struct lock {
	pthread_mutex_t *m;
	explicit lock(pthread_mutex_t *p) : m(p)
	{
		pthread_mutex_lock(m);
	}
	~lock()
	{
		say("unlock %s", ename(pthread_mutex_unlock(m)));
	}
};

static void
inner()
{
	lock l(&m);

	for (;;)
		pthread_cond_wait(&c, &m);
}

static void *
work(void *arg)
{
	try {
		inner();
	} catch (...) {
		say("catch all");
		throw;
	}
	return arg;
}

int
main()
{
	for (int i = 0; i < 3; i++) {
		pthread_t t =
			i == 1 ? spawn_kernel(work, NULL) : spawn(work, NULL);
		settle();
		int e = pthread_cancel(t);
		int canceled = join(t) == PTHREAD_CANCELED;

		say("cancel %s, canceled %d", ename(e), canceled);
		say("free %d", pthread_mutex_trylock(&m) == 0);
		pthread_mutex_unlock(&m);
	}
	return 0;
}
