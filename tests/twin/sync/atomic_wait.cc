/* SPDX-License-Identifier: MIT */
/* std::atomic wait and notify ping-pong between both kinds of thread. */
/* twin: needs=__cpp_lib_atomic_wait */
#include <atomic>
#include <thread>

#include "t.h"

static std::atomic<int> turn{ 0 };

static void *
plays(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 300; i++) {
		int t;

		while ((t = turn.load()) % 3 != me)
			turn.wait(t);
		turn.store(t + 1);
		turn.notify_all();
	}
	return NULL;
}

int
main()
{
	pthread_t t[3];

	t[0] = spawn(plays, (void *)0);
	t[1] = spawn_kernel(plays, (void *)1);
	t[2] = spawn(plays, (void *)2);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	say("turns %d", turn.load());
	return 0;
}
