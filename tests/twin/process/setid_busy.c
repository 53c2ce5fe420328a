/* SPDX-License-Identifier: MIT */
/* Credentials that change while other threads make threads: they follow, too. */
#include "t.h"

#include <stdatomic.h>
#include <sys/syscall.h>

static atomic_int change, seen[3], stop;
static atomic_long wrong;

static void *
nothing(void *arg)
{
	return arg;
}

/* Makes kernel threads all the time, for which libc blocks every signal. */
static void *
creates(void *arg)
{
	atomic_int *mine = arg;
	pthread_t t;
	int now;

	while (!atomic_load(&stop)) {
		t = spawn_kernel(nothing, NULL);
		join(t);
		now = atomic_load(&change);
		if (now == atomic_load(mine))
			continue;
		if (syscall(SYS_geteuid) != (now % 2 ? 65534 : 0))
			atomic_fetch_add(&wrong, 1);
		atomic_store(mine, now);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[3];

	if (getuid() != 0) {
		say("needs root");
		return 0;
	}
	for (int i = 0; i < 3; i++)
		t[i] = i ? spawn_kernel(creates, &seen[i])
			 : spawn(creates, &seen[i]);
	for (int n = 1; n <= 300; n++) {
		if (seteuid(n % 2 ? 65534 : 0) != 0)
			say("seteuid: %s", strerror(errno));
		atomic_store(&change, n);
		for (int i = 0; i < 3; i++)
			while (atomic_load(&seen[i]) != n)
				sched_yield();
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	say("threads with other credentials: %ld", atomic_load(&wrong));
	return 0;
}
