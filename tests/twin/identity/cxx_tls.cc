/* SPDX-License-Identifier: MIT */
/* C++ thread_local objects: constructed once, destroyed once, in order. */
#include <string>
#include <vector>

#include "t.h"

static int made, gone;

struct noisy {
	std::string name;
	explicit noisy(const char *n) : name(n)
	{
		__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
	}
	~noisy()
	{
		/* A destructor may park. */
		usleep(10);
		__atomic_add_fetch(&gone, 1, __ATOMIC_SEQ_CST);
		if (name[0] == '!')
			say("destroyed %s", name.c_str());
	}
};

static thread_local noisy first("a");
static thread_local std::vector<int> numbers(3, 7);
static thread_local noisy second("b");

static void *
work(void *arg)
{
	static thread_local noisy inner("c");
	bool good = first.name == "a" && inner.name == "c" &&
		    numbers.size() == 3 && numbers[0] == 7;

	numbers.push_back(1);
	first.name = "changed";
	usleep(200);
	good = good && numbers.size() == 4 && first.name == "changed";
	inner.name = "changed too";
	second.name = "and this";
	return good ? arg : NULL;
}

static void *
ordered(void *arg)
{
	static thread_local noisy x("!x"), y("!y");

	y.name = "!y2";
	x.name = "!x2";
	usleep(10);
	if (arg)
		pthread_exit(NULL);
	return NULL;
}

int
main()
{
	pthread_t t[20];
	int good = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++)
			t[i] = i % 5 == 0 ? spawn_kernel(work, t)
					  : spawn(work, t);
		for (int i = 0; i < 20; i++)
			good += join(t[i]) == t;
		say("good %d, made %d, gone %d", good, made, gone);
	}
	join(spawn(ordered, NULL));
	join(spawn(ordered, t));
	join(spawn_kernel(ordered, NULL));
	static thread_local noisy of_main("!main");
	of_main.name += "'s";
	return 0;
}
