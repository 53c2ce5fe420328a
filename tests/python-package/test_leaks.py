# SPDX-License-Identifier: MIT
"""Nothing is left of tasks, exceptions and cancelled awaits.

Every other test looks for threads, tasks and thread states that are left, too:
see suite.Case.
"""
import asyncio
import concurrent.futures
import gc
import time
import weakref

import mixio
from mixio import _interrupt
from suite import Case, LIMIT, collected, core, eventually


class Thing:
    pass


async def echo(value):
    await asyncio.sleep(0)
    return value


class Leaks(Case):
    """Much of everything, after which all is as it was before."""

    @core
    def test_calls(self):
        things = weakref.WeakSet()
        before = len(_interrupt.targets)

        def thing(i):
            x = Thing()
            things.add(x)
            return x

        async def lose(x):
            await asyncio.sleep(0)
            raise KeyError(x)

        async def wait(x):
            await asyncio.sleep(1000)

        def plain(i):
            x = thing(i)
            if i % 4 == 0:
                return mixio.await_(echo(x))
            if i % 4 == 1:
                raise ValueError(x)
            if i % 4 == 2:
                return mixio.await_(lose(x))
            return mixio.await_(wait(x))

        async def one(i):
            try:
                await asyncio.wait_for(mixio.as_async(plain)(i),
                                       0.005 if i % 4 == 3 else LIMIT)
            except (KeyError, ValueError, asyncio.TimeoutError):
                pass

        async def main():
            for k in range(0, 200, 40):
                await asyncio.gather(*(one(k + i) for i in range(40)))
            return len(asyncio.all_tasks())
        self.assertLessEqual(asyncio.run(main()), 2)
        eventually(lambda: collected(lambda: not things),
                   "arguments and results go")
        eventually(lambda: len(_interrupt.targets) <= before)

    @core
    def test_tasks(self):
        things = weakref.WeakSet()
        before = len(_interrupt.targets)

        def work(i):
            x = Thing()
            things.add(x)
            if i % 3 == 0:
                return x
            if i % 3 == 1:
                raise ValueError(x)
            time.sleep(1000)
        for _ in range(5):
            tasks = [mixio.spawn(work, i) for i in range(60)]
            for task in tasks[2::3]:
                task.cancel()
            for task in tasks:
                try:
                    task.result(LIMIT)
                except (ValueError, concurrent.futures.CancelledError):
                    pass
        del task, tasks
        eventually(lambda: collected(lambda: not things),
                   "results go")
        eventually(lambda: len(_interrupt.targets) <= before)

    def test_memory(self):
        """It does not grow with the number of calls."""
        def some(n):
            async def main():
                for _ in range(n):
                    await mixio.as_async(mixio.await_)(echo(1))
            asyncio.run(main())
            gc.collect()
            return len(gc.get_objects())
        some(100)
        first = some(100)
        self.assertLess(some(500) - first, 300)
