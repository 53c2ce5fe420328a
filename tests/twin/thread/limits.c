/* SPDX-License-Identifier: MIT */
/* Creation fails cleanly when memory ends, and works again after. */
/* twin: timeout=60 */
#include <sys/resource.h>

#include "t.h"

static sem_t go;

static void *
waits(void *arg)
{
	sem_wait(&go);
	return arg;
}

int
main(void)
{
	enum { MAX = 4000 };
	static pthread_t t[MAX];
	struct rlimit rl = { (rlim_t)4 << 30, (rlim_t)4 << 30 };
	pthread_attr_t a;
	int n = 0, e = 0;

	/* 64 MB each in 4 GB of address space: no more than some tens. */
	MUST(setrlimit(RLIMIT_AS, &rl) == 0);
	sem_init(&go, 0, 0);
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 64 << 20);
	while (n < MAX && (e = pthread_create(&t[n], &a, waits, NULL)) == 0)
		n++;
	say("some %d, then %s", n > 5 && n < MAX, ename(e));
	for (int i = 0; i < n; i++)
		sem_post(&go);
	for (int i = 0; i < n; i++)
		join(t[i]);
	for (int i = 0; i < 5; i++) {
		e = pthread_create(&t[i], &a, waits, &e);
		if (e != 0)
			say("again: %s", ename(e));
		sem_post(&go);
		join(t[i]);
	}
	say("works again");
	return 0;
}
