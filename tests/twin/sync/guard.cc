/* SPDX-License-Identifier: MIT */
/* Function-local statics whose initialiser parks and throws at first. */
#include <stdexcept>

#include "t.h"

static int attempts, built, caught, got;

struct thing {
	int value;

	thing()
	{
		int n = __atomic_add_fetch(&attempts, 1, __ATOMIC_SEQ_CST);

		ms(30);
		if (n <= 2)
			throw std::runtime_error("not yet");
		value = 42;
		__atomic_add_fetch(&built, 1, __ATOMIC_SEQ_CST);
	}
};

static int
use()
{
	static thing t;

	return t.value;
}

static void *
work(void *arg)
{
	for (;;) {
		try {
			if (use() == 42)
				__atomic_add_fetch(&got, 1, __ATOMIC_SEQ_CST);
			return arg;
		} catch (std::runtime_error &) {
			__atomic_add_fetch(&caught, 1, __ATOMIC_SEQ_CST);
		}
	}
}

int
main()
{
	pthread_t t[20];

	for (int i = 0; i < 20; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(work, NULL)
				  : spawn(work, NULL);
	for (int i = 0; i < 20; i++)
		join(t[i]);
	say("attempts %d, caught %d, built %d, got %d", attempts, caught, built,
	    got);
	return 0;
}
