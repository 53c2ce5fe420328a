// SPDX-License-Identifier: MIT
// C++20's threads: jthread and stop tokens, semaphores, latches, barriers,
// waiting on atomics, futures, locks, static guards, exceptions.  What it
// prints does not depend on time.
#include <arpa/inet.h>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <iostream>
#include <latch>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

static const int N = 50;

// The fewest kernel threads in a row of looks: those that are on their way
// out when we look do not count.
static int
tasks()
{
	int least = 1 << 30;

	for (int i = 0; i < 20; i++) {
		int seen = 0;

		std::this_thread::sleep_for(5ms);
		for (auto &entry :
		     std::filesystem::directory_iterator("/proc/self/task"))
			seen += entry.path().has_filename();
		least = std::min(least, seen);
	}
	return least;
}

// Waiting in every way there is, all at once.
static void
waiters()
{
	std::counting_semaphore<> semaphore(0);
	std::binary_semaphore binary(0);
	std::latch latch(1), arrived(N);
	std::barrier barrier(N / 10 + 1);
	std::atomic<int> word = 0;
	std::atomic<long long> wide = 0;
	std::atomic_flag flag;
	std::mutex lock;
	std::condition_variable cond;
	std::condition_variable_any any;
	std::promise<int> promise;
	std::shared_future<int> future = promise.get_future().share();
	std::stop_source stop;
	std::shared_mutex shared;
	std::atomic<int> right = 0;
	bool open = false;

	shared.lock();
	std::vector<std::jthread> threads;
	for (int i = 0; i < N; i++)
		threads.emplace_back([&, i] {
			arrived.count_down();
			switch (i % 10) {
			case 0:
				semaphore.acquire();
				break;
			case 1:
				binary.acquire();
				binary.release();
				break;
			case 2:
				latch.wait();
				break;
			case 3:
				barrier.arrive_and_wait();
				break;
			case 4:
				word.wait(0);
				break;
			case 5:
				wide.wait(0);
				break;
			case 6:
				flag.wait(false);
				break;
			case 7: {
				std::unique_lock held(lock);
				cond.wait(held, [&] { return open; });
				break;
			}
			case 8: {
				std::unique_lock held(lock);
				if (any.wait(held, stop.get_token(),
					     [] { return false; }))
					return;
				break;
			}
			case 9:
				if (i % 20 == 9) {
					shared.lock_shared();
					shared.unlock_shared();
				} else if (future.get() != 42) {
					return;
				}
				break;
			}
			right++;
		});
	arrived.wait();
	fprintf(stderr, "tasks=%d\n", tasks());
	semaphore.release(N / 10);
	binary.release();
	latch.count_down();
	barrier.arrive_and_wait();
	word = 1;
	word.notify_all();
	wide = 1;
	wide.notify_all();
	flag.test_and_set();
	flag.notify_all();
	{
		std::lock_guard held(lock);
		open = true;
	}
	cond.notify_all();
	stop.request_stop();
	promise.set_value(42);
	shared.unlock();
	threads.clear();
	std::cout << "waiters: " << right << "\n";
}

static void
locks()
{
	std::mutex lock;
	std::recursive_mutex recursive;
	std::timed_mutex timed;
	std::shared_timed_mutex shared;
	std::mutex first, second;
	int count = 0, both = 0;

	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back([&, i] {
				for (int k = 0; k < 100; k++) {
					std::lock_guard held(lock);
					int seen = count;
					std::this_thread::yield();
					count = seen + 1;
				}
				for (int k = 0; k < 20; k++) {
					if (i % 2) {
						std::scoped_lock held(first,
								      second);
						both++;
					} else {
						std::scoped_lock held(second,
								      first);
						both++;
					}
					std::this_thread::yield();
				}
			});
	}
	std::cout << "mutex: " << count << " " << both << "\n";
	recursive.lock();
	recursive.lock();
	bool taken = true;
	std::thread([&] { taken = recursive.try_lock(); }).join();
	recursive.unlock();
	recursive.unlock();
	std::cout << "recursive: " << taken << "\n";
	timed.lock();
	std::thread([&] {
		bool once = timed.try_lock_for(10ms);
		bool again = timed.try_lock_until(
			std::chrono::steady_clock::now() + 10ms);
		bool real = timed.try_lock_until(
			std::chrono::system_clock::now() + 10ms);
		std::cout << "timed: " << once << again << real << "\n";
	}).join();
	std::thread late([&] {
		bool got = timed.try_lock_for(60s);
		std::cout << "timed later: " << got << "\n";
		timed.unlock();
	});
	std::this_thread::sleep_for(5ms);
	timed.unlock();
	late.join();
	shared.lock_shared();
	std::thread([&] {
		bool reads = shared.try_lock_shared_for(60s);
		bool writes = shared.try_lock_for(10ms);
		std::cout << "shared: " << reads << writes << "\n";
		shared.unlock_shared();
	}).join();
	shared.unlock_shared();

	std::condition_variable cond;
	std::condition_variable_any any;
	std::unique_lock held(lock);
	bool by_clock = cond.wait_until(
		held, std::chrono::system_clock::now() + 10ms,
		[] { return false; });
	bool for_long = cond.wait_for(held, 10ms) == std::cv_status::timeout;
	bool anything = any.wait_for(held, 10ms, [] { return false; });
	std::cout << "cond: " << by_clock << for_long << anything << "\n";
	std::counting_semaphore<> semaphore(0);
	bool acquired = semaphore.try_acquire_for(10ms);
	acquired |= semaphore.try_acquire_until(
		std::chrono::steady_clock::now() + 10ms);
	std::cout << "semaphore: " << acquired << "\n";
	std::jthread giver([&] {
		std::this_thread::sleep_for(5ms);
		semaphore.release();
	});
	acquired = semaphore.try_acquire_for(60s);
	std::cout << "semaphore later: " << acquired << "\n";
}

static void
stopping()
{
	std::atomic<int> loops = 0, called = 0;
	std::mutex lock;
	std::condition_variable_any cond;

	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back([&](std::stop_token token) {
				std::stop_callback hook(token,
							[&] { called++; });
				std::unique_lock held(lock);
				while (!token.stop_requested())
					cond.wait_for(held, token, 60s, [] {
						return false;
					});
				loops++;
			});
		std::this_thread::sleep_for(5ms);
	}
	std::cout << "jthread: " << loops << " " << called << "\n";
}

static void
phases()
{
	int rounds = 0;
	std::atomic<int> sum = 0;
	auto done = [&]() noexcept { rounds++; };
	std::barrier barrier(10, done);

	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < 10; i++)
			threads.emplace_back([&, i] {
				for (int k = 0; k < 100; k++) {
					sum += i;
					barrier.arrive_and_wait();
				}
				barrier.arrive_and_drop();
			});
	}
	std::cout << "barrier: " << rounds << " " << sum << "\n";

	std::atomic<int> turn = 0;
	std::jthread other([&] {
		for (int k = 1; k < 2000; k += 2) {
			turn.wait(k - 1);
			turn = k + 1;
			turn.notify_one();
		}
	});
	for (int k = 0; k < 2000; k += 2) {
		turn = k + 1;
		turn.notify_one();
		turn.wait(k + 1);
	}
	other.join();
	std::cout << "ping-pong: " << turn << "\n";
}

static int
slow(int n)
{
	std::this_thread::sleep_for(10ms);
	if (n == 13)
		throw std::out_of_range("thirteen");
	return n;
}

static void
futures()
{
	std::vector<std::future<int>> all;
	int sum = 0;

	for (int i = 0; i < N; i++)
		all.push_back(std::async(std::launch::async, slow, i));
	for (auto &one : all)
		try {
			sum += one.get();
		} catch (const std::out_of_range &e) {
			std::cout << "thrown: " << e.what() << "\n";
		}
	std::cout << "async: " << sum << "\n";
	std::packaged_task<int(int)> task(slow);
	auto result = task.get_future();
	std::jthread runner(std::move(task), 5);
	std::cout << "task: " << (result.wait_for(60s) ==
				  std::future_status::ready) << result.get()
		  << "\n";
	std::promise<int> promise;
	auto future = promise.get_future();
	std::cout << "not yet: " << (future.wait_for(10ms) ==
				     std::future_status::timeout) << "\n";
	std::thread([&promise] {
		promise.set_value_at_thread_exit(9);
		std::this_thread::sleep_for(1ms);
	}).join();
	std::cout << "at exit: " << future.get() << "\n";
	try {
		future = std::promise<int>().get_future();
		future.get();
	} catch (const std::future_error &e) {
		std::cout << "broken: " << (e.code() ==
			std::future_errc::broken_promise) << "\n";
	}
}

static std::atomic<int> made = 0, gone = 0;

struct Own {
	int value = 0;
	Own() { made++; }
	~Own() { gone++; }
};

static thread_local Own own;

static int
guarded()
{
	static int value = [] {
		std::this_thread::sleep_for(10ms);
		return ++made;
	}();
	return value;
}

static void
identity()
{
	std::atomic<int> fresh = 0, same = 0, uncaught = 0;
	std::once_flag flag;
	int once = 0;

	{
		std::vector<std::jthread> threads;
		for (int i = 1; i <= N; i++)
			threads.emplace_back([&, i] {
				fresh += own.value == 0;
				own.value = i;
				std::this_thread::sleep_for(1ms);
				same += own.value == i;
				std::call_once(flag, [&] {
					std::this_thread::sleep_for(10ms);
					once++;
				});
			});
	}
	std::cout << "thread_local: " << fresh << " " << same << " " << made
		  << " " << gone << " " << once << "\n";
	made = 0;
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back([&] { same += guarded(); });
	}
	std::cout << "guard: " << made << " " << same << "\n";

	std::atomic<int> tries = 0;
	same = 0;
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < 10; i++)
			threads.emplace_back([&] {
				auto failing = [&] {
					static int value = [&] {
						std::this_thread::sleep_for(
							1ms);
						if (tries++ < 3)
							throw 1;
						return 1;
					}();
					return value;
				};
				for (;;)
					try {
						same += failing();
						return;
					} catch (int) {
					}
			});
	}
	std::cout << "failing guard: " << tries << " " << same << "\n";

	// A park while an exception is being handled, and while one unwinds.
	struct Parks {
		std::atomic<int> &seen;
		~Parks()
		{
			seen += std::uncaught_exceptions();
			std::this_thread::sleep_for(1ms);
			seen += std::uncaught_exceptions();
		}
	};
	same = 0;
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back([&, i] {
				try {
					Parks parks{uncaught};
					throw i;
				} catch (int caught) {
					std::this_thread::sleep_for(1ms);
					try {
						throw;
					} catch (int again) {
						same += again == i &&
							caught == i;
					}
				}
			});
	}
	std::cout << "exceptions: " << same << " " << uncaught << "\n";
	std::exception_ptr carried;
	std::thread([&] {
		try {
			throw std::runtime_error("carried");
		} catch (...) {
			carried = std::current_exception();
		}
	}).join();
	try {
		std::rethrow_exception(carried);
	} catch (const std::runtime_error &e) {
		std::cout << "carried: " << e.what() << "\n";
	}
	auto main = std::this_thread::get_id();
	std::thread thread([&] { same = std::this_thread::get_id() != main; });
	auto id = thread.get_id();
	thread.join();
	std::cout << "id: " << same << (id != main) << "\n";
	try {
		std::thread().join();
	} catch (const std::system_error &e) {
		std::cout << "join: " << e.code().value() << "\n";
	}
}

static void
busy()
{
	std::atomic<bool> enough = false;
	std::atomic<int> ticks = 0;
	std::jthread spinner([&] {
		volatile unsigned n = 0;
		while (!enough)
			n = n + 1;
	});
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < 20; i++)
			threads.emplace_back([&] {
				for (int k = 0; k < 5; k++) {
					std::this_thread::sleep_for(2ms);
					ticks++;
				}
			});
	}
	enough = true;
	std::cout << "busy: " << ticks << "\n";
}

static void
sockets()
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sockaddr_in address{};
	socklen_t len = sizeof(address);
	std::atomic<int> right = 0;

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, reinterpret_cast<sockaddr *>(&address), len) ||
	    listen(listener, 64) ||
	    getsockname(listener, reinterpret_cast<sockaddr *>(&address), &len))
		throw std::system_error(errno, std::generic_category());
	std::jthread acceptor([&] {
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back(
				[fd = accept(listener, nullptr, nullptr)] {
					char buffer[100];
					ssize_t n;
					while ((n = read(fd, buffer, 100)) > 0)
						if (write(fd, buffer, n) != n)
							break;
					close(fd);
				});
	});
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < N; i++)
			threads.emplace_back([&, i] {
				int fd = socket(AF_INET, SOCK_STREAM, 0);
				if (connect(fd, reinterpret_cast<sockaddr *>(
					&address), sizeof(address)))
					return;
				for (int k = 0; k < 10; k++) {
					std::string said =
						std::to_string(i * 100 + k);
					char buffer[100];
					if (write(fd, said.data(),
						  said.size()) < 0)
						break;
					ssize_t n = read(fd, buffer, 100);
					right += n > 0 &&
						said == std::string(buffer, n);
				}
				close(fd);
			});
	}
	acceptor.join();
	close(listener);
	std::cout << "echo: " << right << "\n";
}

int
main()
{
	waiters();
	locks();
	stopping();
	phases();
	futures();
	identity();
	busy();
	sockets();
	std::atomic<long> sum = 0;
	{
		std::vector<std::jthread> threads;
		for (int i = 0; i < 2000; i++)
			threads.emplace_back([&, i] {
				std::this_thread::sleep_for(10ms);
				sum += i;
			});
	}
	std::cout << "many: " << sum << std::endl;
	std::thread([] { std::this_thread::sleep_for(1h); }).detach();
	std::exit(7);
}
