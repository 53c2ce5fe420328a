# SPDX-License-Identifier: MIT
"""Tasks: spawn, Executor, cancellation."""
import asyncio
import concurrent.futures
import contextvars
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
import traceback
import unittest
import weakref

import mixio
from mixio import _runtime
from suite import Case, LIMIT, core, eventually, parked

var = contextvars.ContextVar("var", default="unset")


class Spawn(Case):
    def test_result(self):
        task = mixio.spawn(divmod, 7, 2)
        self.assertIsInstance(task, concurrent.futures.Future)
        self.assertEqual(task.result(LIMIT), (3, 1))
        self.assertEqual(mixio.spawn(dict, fn=1, task=2).result(LIMIT),
                         {"fn": 1, "task": 2})

    @core
    def test_exception(self):
        def fail():
            raise KeyError("x")
        task = mixio.spawn(fail)
        try:
            task.result(LIMIT)
        except KeyError as e:
            frames = traceback.extract_tb(e.__traceback__)
            self.assertEqual(frames[-1].name, "fail")
            # A reader sees no more of us than needed.
            self.assertLessEqual(len(frames), 8)
        else:
            self.fail("no exception")

    def test_needs_a_function(self):
        with self.assertRaises(TypeError):
            mixio.spawn()

    def test_green(self):
        got = mixio.spawn(lambda: (mixio.entered(), threading.get_ident(),
                                   _runtime.domain())).result(LIMIT)
        self.assertTrue(got[0])
        self.assertNotEqual(got[1], threading.get_ident())
        self.assertEqual(got[2], _runtime.domain())

    def test_many_at_once(self):
        barrier = threading.Barrier(1000)
        tasks = [mixio.spawn(barrier.wait) for _ in range(1000)]
        self.assertEqual(sorted(task.result(LIMIT) for task in tasks),
                         list(range(1000)))

    def test_own_thread_locals(self):
        local = threading.local()

        def look(i):
            seen = getattr(local, "x", None)
            local.x = i
            time.sleep(0)
            return seen, local.x
        for i in range(20):
            self.assertEqual(mixio.spawn(look, i).result(LIMIT), (None, i))

    def test_context(self):
        var.set("caller's")
        self.addCleanup(var.set, "unset")

        def look():
            seen = var.get()
            var.set("task's")
            return seen
        self.assertEqual(mixio.spawn(look).result(LIMIT), "caller's")
        self.assertEqual(var.get(), "caller's")

    def test_current_thread_is_forgotten(self):
        for _ in range(10):
            mixio.spawn(threading.current_thread).result(LIMIT)

    def test_wait_functions(self):
        tasks = [mixio.spawn(time.sleep, 0.001 * i) for i in range(5)]
        self.assertEqual(
            set(concurrent.futures.as_completed(tasks, LIMIT)), set(tasks))

    def test_asyncio_wrap_future(self):
        async def main():
            return await asyncio.wrap_future(mixio.spawn(pow, 2, 10))
        self.assertEqual(asyncio.run(main()), 1024)

    def test_not_opted_in(self):
        seen = []

        def kernel():
            for call in (lambda: mixio.spawn(int), mixio.Executor):
                try:
                    call()
                except mixio.NotOptedIn as e:
                    seen.append(str(e))
        with mixio.kernel_threads():
            thread = threading.Thread(target=kernel)
            thread.start()
        thread.join()
        self.assertEqual(len(seen), 2)
        self.assertIn("mixio.enter()", seen[0])

    @core
    def test_nothing_is_kept(self):
        class Thing:
            pass

        def fail(thing):
            raise ValueError(thing)
        a, b = Thing(), Thing()
        refs = weakref.ref(a), weakref.ref(b)
        task = mixio.spawn(lambda x: x, a)
        task.result(LIMIT)
        failed = mixio.spawn(fail, b)
        self.assertRaises(ValueError, failed.result, LIMIT)
        refs += weakref.ref(task), weakref.ref(failed)
        del a, b, task, failed
        self.assertGone(*refs)


@core
class Cancel(Case):
    def check(self, wait, *args, call=None):
        """A task that waits is cancelled, and cleans up undisturbed."""
        before = call and parked(call)
        log = []

        def run():
            try:
                log.append("begin")
                wait(*args)
                log.append("went on")
            finally:
                time.sleep(0.001)  # may wait again
                log.append("clean")
        task = mixio.spawn(run)
        eventually(lambda: log, "task begins")
        time.sleep(0.005)  # most wait by then; both must work
        if call:
            eventually(lambda: parked(call) > before)
        self.assertTrue(task.cancel())
        with self.assertRaises(concurrent.futures.CancelledError):
            task.result(LIMIT)
        self.assertTrue(task.cancelled())
        self.assertEqual(log, ["begin", "clean"])

    def test_sleep(self):
        self.check(time.sleep, 1000)

    def test_recv(self):
        a, b = socket.socketpair()
        with a, b:
            self.check(a.recv, 1)
            a.settimeout(1000)
            self.check(a.recv, 1)

    def test_accept_and_read(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.check(server.accept)
        r, w = os.pipe()
        self.check(os.read, r, 1)
        os.close(r)
        os.close(w)

    def test_select_poll_epoll(self):
        a, b = socket.socketpair()
        with a, b:
            self.check(select.select, [a], [], [])
            poll = select.poll()
            poll.register(a, select.POLLIN)
            self.check(poll.poll)
            with select.epoll() as epoll:
                epoll.register(a, select.EPOLLIN)
                self.check(epoll.poll)

    def test_queue(self):
        q = queue.Queue(1)
        self.check(q.get)
        self.check(q.get, True, 1000)
        q.put(1)
        self.check(q.put, 2)
        # Nothing was lost or left behind.
        self.assertEqual(q.get(timeout=LIMIT), 1)
        self.assertEqual(len(q.not_empty._waiters), 0)

    def test_event_semaphore_barrier_future(self):
        self.check(threading.Event().wait)
        self.check(threading.Event().wait, 1000)
        self.check(threading.Semaphore(0).acquire)
        self.check(threading.Barrier(2).wait)
        self.check(concurrent.futures.Future().result)

    def test_condition_with_its_lock_held(self):
        condition = threading.Condition()
        there = threading.Event()

        def wait():
            with condition:
                there.set()
                condition.wait()
        task = mixio.spawn(wait)
        there.wait(LIMIT)
        with condition:
            # The canceller holds the lock that the waiter needs.
            self.assertTrue(task.cancel())
            time.sleep(0.005)
        self.assertRaises(concurrent.futures.CancelledError,
                          task.result, LIMIT)

    def test_subprocess(self):
        # Earlier, Popen() may end with an error and the child live on.
        self.check(subprocess.run, ["sleep", "1000"], call="wait")

    def test_asyncio_in_a_task(self):
        self.check(lambda: asyncio.run(asyncio.sleep(1000)))

    def test_spinning(self):
        def spin():
            while True:
                pass
        self.check(spin)

    def test_nested_task(self):
        self.check(lambda: mixio.spawn(time.sleep, 0.05).result() or
                   time.sleep(1000))

    def test_error_made_of_the_error(self):
        class Wrapped(Exception):
            pass

        def wrap():
            try:
                time.sleep(1000)
            except OSError as e:
                raise Wrapped from e
        self.check(wrap)

    def test_bare_lock_first_gets_the_lock(self):
        lock = threading.Lock()
        lock.acquire()
        log = []

        def run():
            with lock:
                log.append(lock.locked())
                time.sleep(1000)
        before = parked()
        task = mixio.spawn(run)
        eventually(lambda: parked() > before)
        task.cancel()
        time.sleep(0.005)
        self.assertFalse(task.done())
        lock.release()
        self.assertRaises(concurrent.futures.CancelledError,
                          task.result, LIMIT)
        # 3.14 itself may be interrupted between a with statement's call of
        # __enter__ and its block, by whatever is raised asynchronously.
        if sys.version_info[:2] != (3, 14):
            self.assertFalse(lock.locked())

    def test_before_it_begins(self):
        task = mixio.Task()
        self.assertTrue(task.cancel())
        self.assertTrue(task.cancelled())
        # As spawn() does, with the request just before the thread's begin.
        task._begin(contextvars.copy_context(), self.fail, (), {})
        self.assertRaises(concurrent.futures.CancelledError,
                          task.result, LIMIT)

    def test_after_its_end(self):
        task = mixio.spawn(int)
        task.result(LIMIT)
        self.assertFalse(task.cancel())
        self.assertEqual(task.result(), 0)

    def test_swallowed(self):
        begun = threading.Event()

        def stubborn():
            try:
                begun.set()
                threading.Event().wait()
            except asyncio.CancelledError:
                pass
            time.sleep(0.001)
            return "went on"
        task = mixio.spawn(stubborn)
        self.assertTrue(begun.wait(LIMIT))
        self.assertTrue(task.cancel())
        self.assertEqual(task.result(LIMIT), "went on")

    def test_twice(self):
        log = []

        def twice():
            for _ in range(2):
                try:
                    time.sleep(1000)
                except OSError:
                    log.append(1)
        before = parked()
        task = mixio.spawn(twice)
        for n in (1, 2):
            eventually(lambda: parked() > before)
            task.cancel()
            eventually(lambda: len(log) >= n)
        self.assertIsNone(task.result(LIMIT))

    def test_itself(self):
        tasks = []

        def run():
            tasks[0].cancel()
            time.sleep(1000)
        begin = threading.Event()
        tasks.append(mixio.spawn(lambda: begin.wait() and run()))
        begin.set()
        self.assertRaises(concurrent.futures.CancelledError,
                          tasks[0].result, LIMIT)

    def test_by_a_kernel_thread(self):
        task = mixio.spawn(threading.Event().wait)
        with mixio.kernel_threads():
            thread = threading.Thread(target=task.cancel)
            thread.start()
        thread.join()
        self.assertRaises(concurrent.futures.CancelledError,
                          task.result, LIMIT)

    def test_storm(self):
        """Requests at any moment: each task ends once, one way or the other."""
        q = queue.Queue()

        def work():
            time.sleep(0)
            q.get()
            time.sleep(0.0001)
            return 1
        got = 0
        for i in range(20):
            tasks = [mixio.spawn(work) for _ in range(50)]
            for k, task in enumerate(tasks):
                q.put(k)
                if k % 3 == 0:
                    task.cancel()
                if k % 7 == 0:
                    time.sleep(0)
            concurrent.futures.wait(tasks, LIMIT)
            for k in range(50):  # whatever still waits
                q.put(k)
            for task in tasks:
                try:
                    got += task.result(LIMIT)
                except concurrent.futures.CancelledError:
                    pass
            while not q.empty():
                q.get()
        self.assertGreaterEqual(got, 20 * 33)

    def test_cancelled_result_from_inside(self):
        def run():
            raise asyncio.CancelledError
        self.assertRaises(concurrent.futures.CancelledError,
                          mixio.spawn(run).result, LIMIT)


class Executor(Case):
    def test_map(self):
        with mixio.Executor() as executor:
            self.assertEqual(list(executor.map(pow, [2, 3], [3, 2])), [8, 9])

    def test_no_limit(self):
        barrier = threading.Barrier(300)
        with mixio.Executor() as executor:
            for task in [executor.submit(barrier.wait) for _ in range(300)]:
                task.result(LIMIT)

    def test_limit(self):
        running = []
        most = []

        def work():
            running.append(1)
            most.append(len(running))
            time.sleep(0.001)
            running.pop()
        with mixio.Executor(3) as executor:
            tasks = [executor.submit(work) for _ in range(30)]
        self.assertTrue(all(t.done() for t in tasks))
        self.assertEqual(max(most), 3)

    def test_shutdown(self):
        executor = mixio.Executor(1)
        go = threading.Event()
        first = executor.submit(go.wait)
        second = executor.submit(int)
        executor.shutdown(wait=False, cancel_futures=True)
        self.assertRaises(RuntimeError, executor.submit, int)
        self.assertTrue(second.cancelled())
        go.set()
        self.assertTrue(first.result(LIMIT))
        executor.shutdown()

    def test_cancel_in_the_queue(self):
        with mixio.Executor(1) as executor:
            first = executor.submit(threading.Event().wait)
            second = executor.submit(int)
            third = executor.submit(str)
            second.cancel()
            first.cancel()
            self.assertEqual(third.result(LIMIT), "")

    def test_context(self):
        var.set("caller's")
        self.addCleanup(var.set, "unset")
        with mixio.Executor(1) as executor:
            executor.submit(time.sleep, 0.001)
            self.assertEqual(executor.submit(var.get).result(LIMIT),
                             "caller's")

    def test_run_in_executor(self):
        async def main():
            loop = asyncio.get_running_loop()
            with mixio.Executor() as executor:
                return await asyncio.gather(*(
                    loop.run_in_executor(executor, time.sleep, 0.01)
                    for _ in range(100)))
        self.assertEqual(len(asyncio.run(main())), 100)

    def test_bad_limit(self):
        self.assertRaises(ValueError, mixio.Executor, 0)


class Plain(Case):
    """The standard library's own means, as they are."""

    @core
    def test_kernel_threads(self):
        def where():
            return mixio.entered(), _runtime.domain()

        def run():
            got.append(where())
        got = []
        for context in (mixio.kernel_threads(), None):
            if context:
                with context:
                    thread = threading.Thread(target=run)
                    thread.start()
            else:
                thread = threading.Thread(target=run)
                thread.start()
            thread.join()
        self.assertEqual(got, [(False, 0), (True, _runtime.domain())])

    def test_thread_pool(self):
        barrier = threading.Barrier(50)
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            tasks = [pool.submit(barrier.wait) for _ in range(500)]
            self.assertEqual(sum(task.result(LIMIT) for task in tasks),
                             10 * sum(range(50)))

    @unittest.skipIf(sys.platform != "linux", "Linux")
    def test_multiprocessing(self):
        import multiprocessing
        for method in ("spawn", "forkserver"):
            context = multiprocessing.get_context(method)
            with context.Pool(2) as pool:
                self.assertEqual(pool.map(abs, [-1, -2]), [1, 2])

    def test_fork_in_a_task(self):
        def child():
            pid = os.fork()
            if pid == 0:
                ok = mixio.spawn(pow, 2, 3).result(LIMIT) == 8
                os._exit(0 if ok else 1)
            return os.waitpid(pid, 0)[1]
        self.assertEqual(mixio.spawn(child).result(LIMIT * 2), 0)
