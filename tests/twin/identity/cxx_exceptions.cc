/* SPDX-License-Identifier: MIT */
/* Exceptions in flight while the thread parks; handlers; rethrow. */
#include <exception>
#include <stdexcept>
#include <string>

#include "t.h"

static int bad;

#define CHECK(c)                                                       \
	do {                                                           \
		if (!(c)) {                                            \
			say("line %d: %s", __LINE__, #c);              \
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST); \
		}                                                      \
	} while (0)

struct parks_in_destructor {
	int want;
	~parks_in_destructor()
	{
		CHECK(std::uncaught_exceptions() == want);
		usleep(300);
		CHECK(std::uncaught_exceptions() == want);
		try {
			usleep(100);
			throw 1.5;
		} catch (double d) {
			usleep(100);
			CHECK(d == 1.5);
		}
		CHECK(std::uncaught_exceptions() == want);
	}
};

static std::string
name(int k, int i)
{
	return "thread " + std::to_string(k) + " " + std::to_string(i);
}

static void
thrower(int k, int i)
{
	parks_in_destructor p = { 1 };

	throw std::runtime_error(name(k, i));
}

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;

	CHECK(std::uncaught_exceptions() == 0);
	CHECK(!std::current_exception());
	for (int i = 0; i < 10; i++) {
		std::exception_ptr kept;

		try {
			try {
				thrower(k, i);
			} catch (std::runtime_error &e) {
				usleep(100 * (k % 5));
				CHECK(name(k, i) == e.what());
				kept = std::current_exception();
				try {
					usleep(50);
					throw k;
				} catch (int n) {
					usleep(50);
					CHECK(n == k);
				}
				usleep(100);
				CHECK(std::current_exception() == kept);
				throw;
			}
		} catch (std::exception &e) {
			usleep(100);
			CHECK(name(k, i) == e.what());
		}
		CHECK(!std::current_exception());
		try {
			std::rethrow_exception(kept);
		} catch (std::exception &e) {
			sched_yield();
			CHECK(name(k, i) == e.what());
		}
	}
	return NULL;
}

static void
ended()
{
	say("terminate handler in the thread");
	_exit(12);
}

static void *
uncaught(void *)
{
	usleep(100);
	throw std::logic_error("nobody catches this");
}

int
main()
{
	pthread_t t[30];

	for (int round = 0; round < 2; round++) {
		for (intptr_t i = 0; i < 30; i++)
			t[i] = i % 6 == 0 ? spawn_kernel(work, (void *)i)
					  : spawn(work, (void *)i);
		for (int i = 0; i < 30; i++)
			join(t[i]);
		say("bad %d", bad);
	}
	std::set_terminate(ended);
	join(spawn(uncaught, NULL));
	return 1;
}
