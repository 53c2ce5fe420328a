# SPDX-License-Identifier: MIT
"""start_loop() in scripts; for prompts see test_prompt.py."""
import asyncio
import concurrent.futures
import contextvars
import os
import signal
import subprocess
import sys
import threading
import time

import mixio
from suite import Case, LIMIT, core, eventually

var = contextvars.ContextVar("var", default="unset")
BARE = {k: v for k, v in os.environ.items()
        if k not in ("LD_PRELOAD", "MIXIO_RUN", "PYTHONSTARTUP")}


@core
class Script(Case):
    def setUp(self):
        super().setUp()
        self.loop = mixio.start_loop()
        self.addCleanup(self.loop.close)

    def test_await(self):
        async def where():
            await asyncio.sleep(0)
            return asyncio.get_running_loop(), asyncio.current_task()
        a, b = mixio.await_(where()), mixio.await_(where())
        self.assertIs(a[0], self.loop.loop)
        # So that timeout(), task groups and the like work with with_().
        self.assertIs(a[1], b[1])

    def test_once(self):
        self.assertIs(mixio.start_loop(), self.loop)
        self.assertIs(mixio.spawn(mixio.start_loop).result(LIMIT), self.loop)

    def test_errors(self):
        async def bad():
            raise KeyError("x")
        self.assertRaises(KeyError, mixio.await_, bad())
        with self.assertRaises(asyncio.TimeoutError):
            mixio.await_(asyncio.sleep(1000), timeout=0.005)
        # It still serves.
        self.assertEqual(mixio.await_(asyncio.sleep(0, 5)), 5)

    def test_context(self):
        async def change():
            seen = var.get()
            var.set("async")
            return seen

        def inside():
            var.set("plain")
            self.assertEqual(mixio.await_(change()), "plain")
            self.assertEqual(var.get(), "async")
            self.assertEqual(mixio.await_(change()), "async")
        contextvars.copy_context().run(inside)
        self.assertEqual(mixio.await_(change()), "unset")
        var.set("unset")

    def test_background(self):
        ticks = []

        async def tick():
            try:
                while True:
                    ticks.append(1)
                    await asyncio.sleep(0.001)
            finally:
                ticks.append("end")
        future = self.loop.create_task(tick())
        eventually(lambda: len(ticks) > 5)
        future.cancel()
        eventually(lambda: ticks[-1] == "end")

    def test_many_threads(self):
        results = [mixio.spawn(lambda i=i: mixio.await_(
            asyncio.sleep(0.01, i))) for i in range(200)]
        self.assertEqual([r.result(LIMIT) for r in results],
                         list(range(200)))
        # Each had a task on the loop, which ends with it.
        eventually(lambda: len(asyncio.all_tasks(self.loop.loop)) <= 1)

    def test_timeout_with(self):
        if sys.version_info < (3, 11):
            return  # there is none
        with self.assertRaises(TimeoutError):
            with mixio.sync(asyncio.timeout)(0.005):
                mixio.await_(asyncio.sleep(1000))
        with mixio.sync(asyncio.timeout)(1000):
            self.assertEqual(mixio.await_(asyncio.sleep(0, 5)), 5)

    def test_close(self):
        log = []

        async def stay():
            try:
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0)
                log.append("clean")

        async def close():
            self.loop.close()
        self.assertRaises(RuntimeError, mixio.await_, close())
        self.loop.create_task(stay())
        mixio.await_(asyncio.sleep(0))
        self.loop.close()
        self.assertEqual(log, ["clean"])
        self.loop.close()
        coroutine = asyncio.sleep(0)
        self.assertRaises(RuntimeError, self.loop.create_task, coroutine)
        coroutine = asyncio.sleep(0)
        self.assertRaises(mixio.NoBridge, mixio.await_, coroutine)
        # And a new one
        with mixio.start_loop() as loop:
            self.assertIsNot(loop, self.loop)
            self.assertEqual(mixio.await_(asyncio.sleep(0, 6)), 6)

    def test_close_while_awaiting(self):
        task = mixio.spawn(lambda: mixio.await_(asyncio.sleep(1000)))
        time.sleep(0.01)
        self.loop.close()
        with self.assertRaises(BaseException):
            task.result(LIMIT)

    def test_as_async_there(self):
        def plain(n):
            time.sleep(0.001)
            return mixio.await_(asyncio.sleep(0.001, n))
        self.assertEqual(mixio.await_(mixio.as_async(plain)(3)), 3)

    def test_interrupt(self):
        """Ctrl-C ends the awaitable before it ends the await."""
        log = []

        async def wait():
            try:
                log.append("begin")
                await asyncio.sleep(1000)
            finally:
                log.append("clean")
        killer = mixio.spawn(lambda: (
            eventually(lambda: log), time.sleep(0.005),
            os.kill(os.getpid(), signal.SIGINT)))
        with self.assertRaises(KeyboardInterrupt):
            mixio.await_(wait())
        killer.result(LIMIT)
        self.assertEqual(log, ["begin", "clean"])
        self.assertEqual(mixio.await_(asyncio.sleep(0, 7)), 7)

    def test_cancelled_task(self):
        log = []

        async def wait():
            try:
                log.append("begin")
                await asyncio.sleep(1000)
            finally:
                log.append("clean")
        task = mixio.spawn(lambda: mixio.await_(wait()))
        eventually(lambda: log)
        self.assertTrue(task.cancel())
        self.assertRaises(concurrent.futures.CancelledError,
                          task.result, LIMIT)
        self.assertEqual(log, ["begin", "clean"])

    def test_fork(self):
        """The child has no loop, and can have one; the parent's goes on."""
        self.assertEqual(mixio.await_(asyncio.sleep(0, 1)), 1)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                coroutine = asyncio.sleep(0)
                mixio.await_(coroutine)
            except mixio.NoBridge:
                with mixio.start_loop() as loop:
                    if loop is not self.loop and \
                            mixio.await_(asyncio.sleep(0, 3)) == 3:
                        status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(mixio.await_(asyncio.sleep(0, 4)), 4)

    def test_other_domain(self):
        """Loops of two opted-in kernel threads."""
        got = []

        def kernel():
            with mixio.opted_in():
                try:
                    mixio.await_(asyncio.sleep(0))
                except mixio.NoBridge:
                    got.append("none")
                with mixio.start_loop() as loop:
                    got.append(loop)
                    got.append(mixio.await_(asyncio.sleep(0, 8)))
        with mixio.kernel_threads():
            thread = threading.Thread(target=kernel)
            thread.start()
        thread.join()
        self.assertEqual((got[0], got[2]), ("none", 8))
        self.assertIsNot(got[1], self.loop)

    def test_script_that_just_ends(self):
        done = subprocess.run(
            [sys.executable, "-W", "default", "-m", "mixio", "-c",
             "import mixio, asyncio\nloop = mixio.start_loop()\n"
             "async def stay():\n"
             "    try: await asyncio.sleep(1000)\n"
             "    finally: print('clean')\n"
             "loop.create_task(stay())\n"
             "print(mixio.await_(asyncio.sleep(0.01, 9)))"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BARE,
            timeout=LIMIT)
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         (b"9\nclean\n", b"", 0))
