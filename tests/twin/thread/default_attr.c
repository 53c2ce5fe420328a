/* SPDX-License-Identifier: MIT */
/* Default attributes and concurrency of the process. */
#include "t.h"

static void *
size_of(void *arg)
{
	pthread_attr_t a;
	size_t n;

	pthread_getattr_np(pthread_self(), &a);
	pthread_attr_getstacksize(&a, &n);
	pthread_attr_destroy(&a);
	return (void *)n;
}

int
main(void)
{
	pthread_attr_t a;
	size_t n;

	E(pthread_getattr_default_np(&a));
	pthread_attr_getstacksize(&a, &n);
	say("default %zu", n);
	pthread_attr_setstacksize(&a, 1 << 20);
	E(pthread_setattr_default_np(&a));
	n = (size_t)join(spawn(size_of, NULL));
	say("about the new default %d", n <= 1 << 20 && n > 900 << 10);
	pthread_attr_setstacksize(&a, 4 << 20);
	E(pthread_setattr_default_np(&a));
	n = (size_t)join(spawn(size_of, NULL));
	say("about the new default %d", n <= 4 << 20 && n > 3 << 20);
	pthread_attr_destroy(&a);
	return 0;
}
