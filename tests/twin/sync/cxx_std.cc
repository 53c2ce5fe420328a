/* SPDX-License-Identifier: MIT */
/* The C++ library's own primitives, on both kinds of thread. */
/* twin: needs=__cpp_lib_barrier needs=__cpp_lib_latch needs=__cpp_lib_semaphore */
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "t.h"

using namespace std::chrono_literals;

int
main()
{
	std::mutex m;
	std::recursive_timed_mutex rt;
	std::shared_timed_mutex sm;
	std::condition_variable cv;
	std::condition_variable_any any;
	std::counting_semaphore<100> sem(0);
	std::latch latch(8);
	std::barrier bar(4);
	std::atomic<int> word{ 0 }, sum{ 0 };
	std::vector<std::thread> ts;
	bool go = false;
	long count = 0;

	for (int i = 0; i < 8; i++)
		ts.emplace_back([&, i] {
			std::unique_lock<std::mutex> l(m);
			cv.wait(l, [&] { return go; });
			count++;
			l.unlock();
			std::this_thread::sleep_for(1ms * i);
			latch.count_down();
			word.wait(0);
			sum += i;
			sem.acquire();
			if (i < 4)
				for (int k = 0; k < 10; k++)
					bar.arrive_and_wait();
			std::shared_lock<std::shared_timed_mutex> s(sm);
			std::this_thread::yield();
		});
	{
		std::lock_guard<std::mutex> l(m);
		go = true;
	}
	cv.notify_all();
	latch.wait();
	word = 1;
	word.notify_all();
	sem.release(8);
	for (auto &t : ts)
		t.join();
	say("count %ld, sum %d", count, sum.load());

	auto f = std::async(std::launch::async, [] {
		std::this_thread::sleep_for(20ms);
		return 5;
	});
	say("future %d", f.get());
	std::promise<int> p;
	std::thread thrower([&] {
		try {
			throw 3;
		} catch (...) {
			p.set_exception(std::current_exception());
		}
	});
	try {
		p.get_future().get();
	} catch (int x) {
		say("caught %d", x);
	}
	thrower.join();

	rt.lock();
	say("recursive %d", rt.try_lock_for(1ms));
	std::thread([&] { say("timed %d", rt.try_lock_for(30ms)); }).join();
	rt.unlock();
	rt.unlock();
	sm.lock();
	std::thread([&] {
		say("shared timed %d", sm.try_lock_shared_for(30ms));
	}).join();
	sm.unlock();
	{
		std::unique_lock<std::mutex> l(m);
		say("timeout %d",
		    any.wait_for(l, 30ms) == std::cv_status::timeout);
		say("timeout %d",
		    cv.wait_until(l, std::chrono::system_clock::now() + 30ms) ==
			    std::cv_status::timeout);
	}
	say("acquire %d", sem.try_acquire_for(30ms));
	std::once_flag once;
	int ran = 0;
	try {
		std::call_once(once, [&] { throw 1; });
	} catch (int) {
		say("once threw");
	}
	std::thread a([&] {
		std::call_once(once, [&] {
			ms(30);
			ran++;
		});
	});
	std::call_once(once, [&] {
		ms(30);
		ran++;
	});
	a.join();
	say("once ran %d", ran);
	std::jthread stopper([](std::stop_token st) {
		while (!st.stop_requested())
			std::this_thread::sleep_for(1ms);
	});
	stopper.request_stop();
	stopper.join();
	say("stopped");
	return 0;
}
