/* SPDX-License-Identifier: MIT */
/* pthread_getattr_np describes the stack that the thread runs on. */
#include "t.h"

static void
describe(const char *who, size_t want)
{
	pthread_attr_t a;
	size_t size, guard;
	void *base;
	char here;
	int state;

	E(pthread_getattr_np(pthread_self(), &a));
	pthread_attr_getstack(&a, &base, &size);
	pthread_attr_getguardsize(&a, &guard);
	pthread_attr_getdetachstate(&a, &state);
	say("%s: local inside %d, size as wanted %d, guard %d, detached %d",
	    who, &here > (char *)base && &here < (char *)base + size,
	    want == 0 || (size <= want && size + 65536 >= want), guard >= 4096,
	    state == PTHREAD_CREATE_DETACHED);
	pthread_attr_destroy(&a);
}

static void *
work(void *arg)
{
	usleep(100);
	describe("thread", (size_t)arg);
	return NULL;
}

/* Uses most of a stack of the default size. */
static void *
deep(void *arg)
{
	volatile char buf[6 << 20];

	for (size_t i = sizeof(buf); i > 0; i -= 1024)
		buf[i - 1] = (char)(i >> 10);
	usleep(100);
	for (size_t i = sizeof(buf); i > 0; i -= 1024)
		if (buf[i - 1] != (char)(i >> 10))
			return NULL;
	return arg;
}

int
main(void)
{
	pthread_attr_t a;
	pthread_t t;
	size_t size;

	describe("main", 0);
	pthread_attr_init(&a);
	pthread_attr_getstacksize(&a, &size);
	join(spawn(work, (void *)size));
	pthread_attr_setstacksize(&a, 256 << 10);
	MUST(pthread_create(&t, &a, work, (void *)(256 << 10)) == 0);
	join(t);
	pthread_attr_setstacksize(&a, 32 << 20);
	MUST(pthread_create(&t, &a, work, (void *)(32 << 20)) == 0);
	join(t);
	say("deep %d", join(spawn(deep, &t)) == &t);
	say("deep again %d", join(spawn(deep, &t)) == &t);
	return 0;
}
