# SPDX-License-Identifier: MIT
"""Sync code called from async code, and async code from sync code."""
import asyncio
import contextlib
import contextvars
import functools
import gc
import inspect
import os
import sys
import threading
import time
import traceback
import warnings
import weakref

import mixio
from mixio import _runtime
from suite import Case, LIMIT, core, eventually, library

var = contextvars.ContextVar("var", default="unset")
other = contextvars.ContextVar("other")


# What makes the loops; None: asyncio.run().
loop_factory = None


def run(coroutine, timeout=LIMIT):
    async def limited():
        return await asyncio.wait_for(coroutine, timeout)
    if loop_factory is None:
        return asyncio.run(limited())

    async def end():
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await loop.shutdown_asyncgens()
    loop = loop_factory()
    try:
        return loop.run_until_complete(limited())
    finally:
        loop.run_until_complete(end())
        loop.close()


async def echo(value, seconds=0):
    await asyncio.sleep(seconds)
    return value


async def fail(error):
    await asyncio.sleep(0)
    raise error


def names(error):
    return [f.name for f in traceback.extract_tb(error.__traceback__)]


class AsAsync(Case):
    def test_result(self):
        async def main():
            self.assertEqual(await mixio.as_async(divmod)(7, 2), (3, 1))
            self.assertEqual(await mixio.as_async(dict)(fn=1, self=2),
                             {"fn": 1, "self": 2})
        run(main())

    def test_decorator(self):
        @mixio.as_async
        def one(x):
            "Doc."
            return x

        @mixio.as_async()
        def two(x):
            return x
        self.assertTrue(inspect.iscoroutinefunction(one))
        self.assertEqual((one.__name__, one.__doc__), ("one", "Doc."))
        self.assertEqual(one.__wrapped__(3), 3)

        async def main():
            return await one(1), await two(2)
        self.assertEqual(run(main()), (1, 2))
        self.assertRaises(TypeError, mixio.as_async, 3)

    def test_methods(self):
        class Thing:
            @mixio.as_async
            def method(self, x):
                return self, x

            @classmethod
            @mixio.as_async
            def of_class(cls, x):
                return cls, x

            @staticmethod
            @mixio.as_async
            def static(x):
                return x

            def plain(self):
                return self

            def __call__(self):
                return "called"

        async def main():
            thing = Thing()
            self.assertEqual(await thing.method(1), (thing, 1))
            self.assertEqual(await Thing.of_class(2), (Thing, 2))
            self.assertEqual(await thing.static(3), 3)
            self.assertIs(await mixio.as_async(thing.plain)(), thing)
            self.assertEqual(await mixio.as_async(thing)(), "called")
            self.assertIsInstance(await mixio.as_async(Thing)(), Thing)
            self.assertEqual(
                await mixio.as_async(functools.partial(pow, 2))(3), 8)
        run(main())

    def test_async_functions_stay(self):
        self.assertIs(mixio.as_async(echo), echo)

        async def generator():
            yield
        self.assertIs(mixio.as_async(generator), generator)

    def test_green_thread_of_this_kernel_thread(self):
        def where():
            return (threading.get_ident(), mixio.entered(),
                    _runtime.domain())

        async def main():
            return await mixio.as_async(where)()
        got = run(main())
        self.assertNotEqual(got[0], threading.get_ident())
        self.assertEqual(got[1:], (True, _runtime.domain()))

    def test_loop_goes_on(self):
        async def main():
            event = threading.Event()
            call = asyncio.ensure_future(mixio.as_async(event.wait)(LIMIT))
            for _ in range(10):
                await asyncio.sleep(0.001)
            event.set()
            return await call
        self.assertTrue(run(main()))

    def test_many_at_once(self):
        async def main():
            barrier = threading.Barrier(300)
            return await asyncio.gather(*(mixio.as_async(barrier.wait)()
                                          for _ in range(300)))
        self.assertEqual(sorted(run(main())), list(range(300)))

    @core
    def test_exception(self):
        def bad():
            time.sleep(0.001)
            raise KeyError("x")

        async def main():
            try:
                await mixio.as_async(bad)()
            except KeyError as e:
                return names(e)
        got = run(main())
        self.assertEqual((got[0], got[-1]), ("main", "bad"))

    def test_system_exit_is_an_exception(self):
        async def main():
            with self.assertRaises(SystemExit):
                await mixio.as_async(sys.exit)(3)
        run(main())

    def test_stop_iteration(self):
        async def main():
            with self.assertRaises(RuntimeError) as caught:
                await mixio.as_async(next)(iter([]))
            self.assertIsInstance(caught.exception.__cause__, StopIteration)
        run(main())

    def test_not_opted_in(self):
        got = []

        def kernel():
            async def main():
                try:
                    await mixio.as_async(int)()
                except mixio.NotOptedIn as e:
                    got.append(str(e))
            asyncio.run(main())
        with mixio.kernel_threads():
            thread = threading.Thread(target=kernel)
            thread.start()
        thread.join()
        self.assertIn("mixio.enter()", got[0])


@core
class Context(Case):
    def test_both_ways(self):
        def plain():
            self.assertEqual(var.get(), "async 1")
            var.set("sync 1")

            async def inner():
                self.assertEqual(var.get(), "sync 1")
                var.set("async 2")
                await asyncio.sleep(0)
            mixio.await_(inner())
            self.assertEqual(var.get(), "async 2")
            token = var.set("sync 2")
            var.reset(token)
            other.set("made here")

        async def main():
            var.set("async 1")
            await mixio.as_async(plain)()
            self.assertEqual((var.get(), other.get()),
                             ("async 2", "made here"))
        run(main())
        self.assertEqual(var.get(), "unset")

    def test_after_waiting(self):
        def plain():
            time.sleep(0.01)
            var.set("late")

        async def main():
            await mixio.as_async(plain)()
            return var.get()
        self.assertEqual(run(main()), "late")

    def test_reset_across(self):
        """What was unset is unset again."""
        async def look():
            return other.get("missing")

        def plain():
            token = other.set("x")
            seen = [mixio.await_(look())]
            other.reset(token)
            seen.append(mixio.await_(look()))
            return seen

        async def main():
            self.assertEqual(await mixio.as_async(plain)(), ["x", "missing"])
            self.assertEqual(other.get("missing"), "missing")
        run(main())

    def test_other_tasks_do_not_see_it(self):
        async def main():
            def plain(i):
                var.set(i)
                time.sleep(0.001)
                return var.get()

            async def one(i):
                got = await mixio.as_async(plain)(i)
                return got, var.get()
            self.assertEqual(await asyncio.gather(*map(one, range(20))),
                             [(i, i) for i in range(20)])
            self.assertEqual(var.get(), "unset")
        run(main())

    def test_inside_another_context(self):
        """await_() in Context.run() in the plain code."""
        async def look():
            got = var.get()
            var.set("async")
            return got

        def plain():
            def inside():
                var.set("inner")
                return mixio.await_(look()), var.get()
            got = contextvars.copy_context().run(inside)
            self.assertEqual(var.get(), "outer")
            return got

        async def main():
            var.set("outer")
            got = await mixio.as_async(plain)()
            self.assertEqual(var.get(), "outer")
            return got
        self.assertEqual(run(main()), ("inner", "async"))


@core
class CancelSync(Case):
    def check(self, wait, *args):
        log = []

        def plain():
            try:
                log.append("begin")
                wait(*args)
                log.append("went on")
            finally:
                time.sleep(0.001)
                log.append("clean")

        async def main():
            # A cancelled task
            task = asyncio.ensure_future(mixio.as_async(plain)())
            while not log:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.005)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertTrue(task.cancelled())
            self.assertEqual(log, ["begin", "clean"])
            # wait_for, and timeout()
            async def limited(seconds):
                await asyncio.wait_for(mixio.as_async(plain)(), seconds)
            await self.timed_out(limited, log, ["begin", "clean"])

            async def in_block(seconds):
                async with asyncio.timeout(seconds):
                    await mixio.as_async(plain)()
            if sys.version_info >= (3, 11):
                await self.timed_out(in_block, log, ["begin", "clean"])
                self.assertEqual(asyncio.current_task().cancelling(), 0)
        run(main())

    async def timed_out(self, call, log, expected):
        """call(SECONDS) runs into its timeout, and leaves the log so."""
        seconds = 0.02
        del log[:]
        while not log:  # it may not even have begun
            with self.assertRaises(asyncio.TimeoutError):
                await call(seconds)
            seconds *= 2
        self.assertEqual(log, expected)

    def test_sleep(self):
        self.check(time.sleep, 1000)

    def test_event(self):
        self.check(threading.Event().wait)

    def test_await(self):
        self.check(lambda: mixio.await_(asyncio.sleep(1000)))

    def test_nested(self):
        self.check(lambda: mixio.await_(mixio.as_async(time.sleep)(1000)))

    def test_swallowed(self):
        begun = []

        def stubborn():
            try:
                begun.append(1)
                mixio.await_(asyncio.sleep(1000))
            except asyncio.CancelledError:
                pass
            return mixio.await_(echo("went on", 0.001))

        async def main():
            task = asyncio.ensure_future(mixio.as_async(stubborn)())
            while not begun:
                await asyncio.sleep(0.001)
            task.cancel()
            return await task
        self.assertEqual(run(main()), "went on")

    def test_at_once(self):
        async def main():
            task = asyncio.ensure_future(mixio.as_async(self.fail)())
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
        run(main())

    def test_storm(self):
        """Requests at any moment: no call is left hanging."""
        def work(i):
            for _ in range(3):
                time.sleep(0)
                mixio.await_(echo(i))
                time.sleep(0.0001 * (i % 5))
                mixio.await_(echo(i, 0.0001 * (i % 3)))
            return i

        async def main():
            done = 0
            for _ in range(10):
                tasks = [asyncio.ensure_future(mixio.as_async(work)(i))
                         for i in range(40)]
                for i, task in enumerate(tasks):
                    if i % 2:
                        asyncio.get_running_loop().call_later(
                            0.0002 * i, task.cancel)
                for i, got in enumerate(await asyncio.gather(
                        *tasks, return_exceptions=True)):
                    if isinstance(got, asyncio.CancelledError):
                        self.assertEqual(i % 2, 1)
                    else:
                        self.assertEqual(got, i)
                        done += 1
            return done
        self.assertGreaterEqual(run(main()), 200)

    def test_loop_ends_before_the_call(self):
        """asyncio.run() cancels what is left."""
        log = []

        def plain():
            try:
                log.append("begin")
                time.sleep(1000)
            finally:
                log.append("clean")

        async def main():
            asyncio.ensure_future(mixio.as_async(plain)())
            while not log:
                await asyncio.sleep(0.001)
        run(main())
        self.assertEqual(log, ["begin", "clean"])


@core
class Generators(Case):
    def test_items(self):
        log = []

        @mixio.as_async
        def count(n):
            try:
                for i in range(n):
                    time.sleep(0.0001)
                    log.append(threading.get_ident())
                    yield i
            finally:
                log.append("closed")

        async def main():
            self.assertTrue(inspect.isasyncgenfunction(count))
            return [i async for i in count(5)]
        self.assertEqual(run(main()), [0, 1, 2, 3, 4])
        self.assertEqual(log.pop(), "closed")
        self.assertEqual(len(set(log)), 1)

    def test_send_throw_close(self):
        log = []

        @mixio.as_async
        def generator():
            try:
                while True:
                    try:
                        log.append((yield len(log)))
                    except KeyError as e:
                        log.append(repr(e))
            finally:
                mixio.await_(asyncio.sleep(0))
                log.append("closed")

        async def main():
            g = generator()
            self.assertEqual(await g.__anext__(), 0)
            self.assertEqual(await g.asend("a"), 1)
            self.assertEqual(await g.athrow(KeyError("b")), 2)
            await g.aclose()
            with self.assertRaises(StopAsyncIteration):
                await g.__anext__()
            # Not begun
            g = generator()
            await g.aclose()
            # An exception ends it.
            g = generator()
            await g.__anext__()
            with self.assertRaises(ZeroDivisionError):
                await g.athrow(ZeroDivisionError)
        run(main())
        self.assertEqual(log, ["a", "KeyError('b')", "closed", "closed"])

    def test_context(self):
        @mixio.as_async
        def generator():
            while True:
                yield var.get()
                var.set(var.get() + " sync")

        async def main():
            var.set("1")
            g = generator()
            seen = [await g.__anext__()]
            var.set("2")
            seen.append(await g.__anext__())
            seen.append(var.get())
            await g.aclose()
            return seen
        self.assertEqual(run(main()), ["1", "2 sync", "2 sync"])

    def test_abandoned(self):
        log = []

        @mixio.as_async
        def generator():
            try:
                yield 1
                yield 2
            finally:
                log.append("closed")

        async def main():
            async for _ in generator():
                break
            gc.collect()
            for _ in range(1000):
                if log:
                    break
                await asyncio.sleep(0.001)
        run(main())
        self.assertEqual(log, ["closed"])

    def test_cancelled(self):
        log = []

        @mixio.as_async
        def generator():
            try:
                yield 1
                time.sleep(1000)
            finally:
                log.append("closed")

        async def main():
            async def consume():
                async for _ in generator():
                    log.append("item")

            async def limited(seconds):
                await asyncio.wait_for(consume(), seconds)
            await CancelSync.timed_out(self, limited, log, ["item", "closed"])
        run(main())


class Await(Case):
    def in_sync(self, fn, *args):
        async def main():
            return await mixio.as_async(fn)(*args)
        return run(main())

    def test_result_and_error(self):
        def plain():
            self.assertEqual(mixio.await_(echo(5)), 5)
            try:
                mixio.await_(fail(KeyError("x")))
            except KeyError as e:
                self.assertEqual(names(e)[-1], "fail")
            else:
                self.fail()
        self.in_sync(plain)

    def test_same_task(self):
        async def main():
            async def look():
                return asyncio.current_task()

            def plain():
                return mixio.await_(look())
            self.assertIs(await mixio.as_async(plain)(),
                          asyncio.current_task())
        run(main())

    def test_futures_and_tasks(self):
        async def main():
            future = asyncio.get_running_loop().create_future()
            task = asyncio.ensure_future(echo("task", 0.001))
            asyncio.get_running_loop().call_later(
                0.001, future.set_result, "future")
            return await mixio.as_async(
                lambda: (mixio.await_(future), mixio.await_(task)))()
        self.assertEqual(run(main()), ("future", "task"))

    def test_nesting(self):
        def down(n):
            return 0 if n == 0 else 1 + mixio.await_(mixio.as_async(down)(
                n - 1))
        self.assertEqual(self.in_sync(down, 30), 30)

    def test_timeout(self):
        def plain():
            with self.assertRaises(asyncio.TimeoutError):
                mixio.await_(asyncio.sleep(1000), timeout=0.005)
            return mixio.await_(echo(1), timeout=LIMIT)
        self.assertEqual(self.in_sync(plain), 1)

    def test_cancelled_inside(self):
        """An awaitable that is cancelled, though the task is not."""
        async def main():
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.001, future.cancel)

            def plain():
                with self.assertRaises(asyncio.CancelledError):
                    mixio.await_(future)
                return mixio.await_(echo("fine"))
            return await mixio.as_async(plain)()
        self.assertEqual(run(main()), "fine")

    @core
    def test_no_bridge(self):
        for call in (lambda c: mixio.await_(c), lambda c: mixio.sync(
                lambda: c)()):
            coroutine = echo(1)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with self.assertRaises(mixio.NoBridge) as caught:
                    call(coroutine)
            self.assertIsInstance(caught.exception, RuntimeError)
            self.assertIn("echo", str(caught.exception))
            self.assertIn("mixio.start_loop()", str(caught.exception))
            self.assertEqual(inspect.getcoroutinestate(coroutine),
                             inspect.CORO_CLOSED)

    def test_in_async_code(self):
        async def main():
            coroutine = echo(1)
            with self.assertRaises(mixio.NoBridge) as caught:
                mixio.await_(coroutine)
            self.assertIn("mixio.as_async", str(caught.exception))
            self.assertEqual(inspect.getcoroutinestate(coroutine),
                             inspect.CORO_CLOSED)
        run(main())

    def test_not_awaitable(self):
        for thing in (3, None, echo):
            self.assertRaises(TypeError, mixio.await_, thing)

    def test_spawned(self):
        """Tasks that are spawned in an as_async call use its loop."""
        async def main():
            here = asyncio.get_running_loop()

            async def loop():
                return asyncio.get_running_loop(), asyncio.current_task()

            def one():
                a, b = mixio.await_(loop()), mixio.await_(loop())
                self.assertEqual(a, b)
                return a

            def plain():
                return [t.result(LIMIT) for t in
                        [mixio.spawn(one) for _ in range(10)]]
            got = await mixio.as_async(plain)()
            self.assertEqual({loop for loop, _ in got}, {here})
            self.assertEqual(len({task for _, task in got}), 10)
            # Nothing of that is left.
            while len(asyncio.all_tasks()) > 2:
                await asyncio.sleep(0.001)
        run(main())

    def test_fork(self):
        """The child has no loop, and can have one."""
        def plain():
            mixio.await_(echo(1))
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    mixio.await_(echo(2))
                except mixio.NoBridge:
                    with mixio.start_loop():
                        status = 0 if mixio.await_(echo(3)) == 3 else 2
                finally:
                    os._exit(status)
            return os.waitpid(pid, 0)[1], mixio.await_(echo(4))
        self.assertEqual(self.in_sync(plain), (0, 4))

    def test_spawned_cancelled(self):
        log = []

        async def wait():
            try:
                log.append("begin")
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0)
                log.append("clean")

        async def main():
            def plain():
                task = mixio.spawn(lambda: mixio.await_(wait()))
                eventually(lambda: log)
                task.cancel()
                try:
                    task.result(LIMIT)
                except BaseException as e:
                    return type(e).__name__
            return await mixio.as_async(plain)()
        self.assertEqual(run(main()), "CancelledError")
        self.assertEqual(log, ["begin", "clean"])

    @core
    def test_nothing_is_kept(self):
        class Thing:
            pass

        async def main():
            refs = []

            async def give(x):
                return x

            async def lose(x):
                raise ValueError(x)

            def plain(x):
                y = Thing()
                refs.append(weakref.ref(y))
                mixio.await_(give(y))
                try:
                    mixio.await_(lose(y))
                except ValueError:
                    pass
                raise KeyError(x)
            x = Thing()
            refs.append(weakref.ref(x))
            try:
                await mixio.as_async(plain)(x)
            except KeyError:
                pass
            del x
            return refs
        self.assertGone(*run(main()))


@core
class Sync(Case):
    """sync(), with_(), iter_()."""

    in_sync = Await.in_sync

    def test_functions(self):
        @mixio.sync
        async def add(a, b=2):
            "Doc."
            await asyncio.sleep(0)
            return a + b

        class Thing:
            @mixio.sync()
            async def method(self):
                return self

            async def coroutine(self):
                return 4
        self.assertEqual((add.__name__, add.__doc__), ("add", "Doc."))
        thing = Thing()
        self.assertEqual(self.in_sync(lambda: add(1)), 3)
        self.assertIs(self.in_sync(lambda: thing.method()), thing)
        self.assertEqual(self.in_sync(
            lambda: mixio.sync(thing.coroutine)()), 4)
        self.assertEqual(run(add.__wrapped__(1, 1)), 2)

    def test_context_manager(self):
        log = []

        @contextlib.asynccontextmanager
        async def manager(suppress):
            task = asyncio.current_task()
            try:
                await asyncio.sleep(0)
                yield 7
                log.append("committed")
            except KeyError as e:
                log.append("rolled back: %r" % e)
                if not suppress:
                    raise
            finally:
                await asyncio.sleep(0)
                self.assertIs(asyncio.current_task(), task)

        def plain():
            for make in (lambda s: mixio.with_(manager(s)),
                         mixio.sync(manager)):
                with make(False) as x:
                    self.assertEqual(x, 7)
                with self.assertRaises(KeyError):
                    with make(False):
                        raise KeyError(1)
                with make(True):
                    raise KeyError(2)
                with self.assertRaises(ZeroDivisionError):
                    with make(True):
                        1 / 0
        self.in_sync(plain)
        self.assertEqual(log, ["committed", "rolled back: KeyError(1)",
                               "rolled back: KeyError(2)"] * 2)

        async def main():
            async with mixio.with_(manager(True)) as x:
                return x
        self.assertEqual(run(main()), 7)
        self.assertRaises(TypeError, mixio.with_, 3)

    def test_return_in_block(self):
        @contextlib.asynccontextmanager
        async def manager():
            yield

        def plain():
            for _ in range(3):
                with mixio.with_(manager()):
                    return "left"
        self.assertEqual(self.in_sync(plain), "left")

    def test_iterator(self):
        log = []

        async def count(n):
            try:
                for i in range(n):
                    await asyncio.sleep(0)
                    got = yield i
                    if got:
                        log.append(got)
            except KeyError:
                yield "caught"
            finally:
                await asyncio.sleep(0)
                log.append("closed")

        class Plain:
            def __aiter__(self):
                self.i = 0
                return self

            async def __anext__(self):
                self.i += 1
                if self.i > 2:
                    raise StopAsyncIteration
                return self.i

        def plain():
            self.assertEqual(list(mixio.iter_(count(3))), [0, 1, 2])
            self.assertEqual(list(mixio.sync(count)(2)), [0, 1])
            with mixio.iter_(count(9)) as it:
                self.assertEqual(next(it), 0)
                self.assertEqual(it.send("sent"), 1)
                self.assertEqual(it.throw(KeyError("x")), "caught")
                self.assertRaises(StopIteration, next, it)
            with mixio.iter_(count(9)) as it:
                next(it)
            # Dropped half-way: its loop closes it.
            before = log.count("closed")
            for _ in mixio.iter_(count(9)):
                break
            gc.collect()
            eventually(lambda: log.count("closed") == before + 1)
            it = mixio.iter_(Plain())
            self.assertEqual(list(it), [1, 2])
            it.close()
        self.in_sync(plain)
        self.assertEqual(log, ["closed", "closed", "sent", "closed", "closed",
                               "closed"])

        async def main():
            return [i async for i in mixio.iter_(count(2))]
        self.assertEqual(run(main()), [0, 1])
        self.assertRaises(TypeError, mixio.iter_, 3)

    def test_errors(self):
        async def bad():
            yield 1
            raise KeyError("x")

        def plain():
            it = mixio.iter_(bad())
            next(it)
            with self.assertRaises(KeyError):
                next(it)
        self.in_sync(plain)


def with_uvloop(case):
    class Uvloop(case):
        def setUp(self):
            super().setUp()
            global loop_factory
            import uvloop
            loop_factory = uvloop.new_event_loop

        def tearDown(self):
            global loop_factory
            loop_factory = None
            super().tearDown()
    Uvloop.__name__ = Uvloop.__qualname__ = "Uvloop" + case.__name__
    Uvloop.core = False
    return Uvloop


if library("uvloop"):
    for case in (AsAsync, Context, CancelSync, Generators, Await, Sync):
        made = with_uvloop(case)
        globals()[made.__name__] = made
    del case, made
