# SPDX-License-Identifier: MIT
"""start_loop(): in scripts, at prompts (on a terminal of their own)."""
import asyncio
import contextlib
import contextvars
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

import mixio
from suite import Case, LIMIT, eventually

var = contextvars.ContextVar("var", default="unset")
BARE = {k: v for k, v in os.environ.items()
        if k not in ("LD_PRELOAD", "MIXIO_RUN", "PYTHONSTARTUP")}


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
        time.sleep(0.1)
        self.assertGreater(len(ticks), 5)
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
            [sys.executable, "-X", "dev", "-m", "mixio", "-c",
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


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, words, folder, **env):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(words[0], words, dict(
                BARE, HOME=folder, PYTHON_HISTORY=folder + "/history",
                IPYTHONDIR=folder, **env))
        import fcntl
        import struct
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, 200, 0, 0))

    def expect(self, pattern):
        """Wait for output, and forget it and all before."""
        end = time.monotonic() + LIMIT
        while True:
            clean = re.sub(r"\x1b[\[(][0-9;?>=]*[a-zA-Z]|\x1b[=>]|\r", "",
                           self.text)
            found = re.search(pattern, clean)
            if found:
                self.text = clean[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("no %r in %r" % (pattern, clean[-2000:]))
            try:
                got = os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                got = ""
            if not got:
                raise AssertionError("no %r in %r at the end"
                                     % (pattern, clean[-2000:]))
            # Where the cursor is, as IPython wants to know.
            if "\x1b[6n" in got:
                os.write(self.fd, b"\x1b[1;1R")
            self.text += got

    def say(self, line):
        os.write(self.fd, line.encode() + b"\r")

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


HELPERS = """
import asyncio, mixio, threading, time
ticks = []
async def tick():
    while True:
        ticks.append(1)
        await asyncio.sleep(0.001)
async def answer(x):
    await asyncio.sleep(0.01)
    return "answer %d" % x
@mixio.sync
async def ask(x):
    return await answer(x)
def goes_on():
    "The background task has run while we waited for input."
    before = len(ticks)
    mark, since = marks[-1]
    marks.append((before, time.monotonic()))
    return "goes on" if before - mark > 5 else "stands still: %d" % (
        before - mark)
marks = [(0, 0)]
def debugged(x):
    y = ask(x)
    breakpoint()
    return y
async def async_debugged():
    breakpoint()
    return 1
"""


class Prompt(Case):
    def terminal(self, *words, **env):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(folder.name + "/helpers.py", "w") as f:
            f.write(HELPERS)
        path = folder.name + os.pathsep + os.environ.get("PYTHONPATH", "")
        terminal = Terminal([sys.executable, "-m", "mixio", *words],
                            folder.name, PYTHONPATH=path, **env)
        self.addCleanup(terminal.close)
        return terminal

    def use(self, t, prompt):
        t.expect(prompt)
        t.say("from helpers import *")
        t.expect(prompt)
        t.say("loop = mixio.start_loop()")
        t.expect(prompt)
        t.say("task = loop.create_task(tick())")
        t.expect(prompt)
        t.say("ask(3)")
        t.expect("answer 3'")
        t.expect(prompt)
        t.say("mixio.await_(answer(4))")
        t.expect("answer 4'")
        t.expect(prompt)
        for _ in range(2):
            time.sleep(0.2)
            t.say("goes_on()")
            t.expect("'goes on'")
            t.expect(prompt)
        # Ctrl-C at the prompt, and in a call
        os.write(t.fd, b"\x03")
        t.expect("KeyboardInterrupt")
        t.expect(prompt)
        t.say("mixio.await_(asyncio.sleep(1000))")
        time.sleep(0.3)
        os.write(t.fd, b"\x03")
        t.expect("KeyboardInterrupt")
        t.expect(prompt)
        # A debugger in plain code
        t.say("debugged(5)")
        t.expect(r"\(Pdb\)|ipdb>")
        t.say("p ask(6), y")
        t.expect("answer 6.*answer 5")
        for _ in range(2):
            time.sleep(0.2)
            t.say("p goes_on()")
            t.expect("'goes on'")
        t.say("c")
        t.expect("answer 5'")
        t.expect(prompt)
        # And in async code, where the loop itself stands still.
        t.say("mixio.await_(async_debugged())")
        t.expect(r"\(Pdb\)|ipdb>")
        t.say("p ask(7)")
        t.expect("answer 7")
        t.say("c")
        t.expect(prompt)
        t.say("ask(8)")
        t.expect("answer 8'")
        t.expect(prompt)

    def finish(self, t, prompt):
        t.say("ask(9)")
        t.expect("answer 9'")
        t.expect(prompt)
        t.say("exit()")
        end = time.monotonic() + LIMIT
        while os.waitid(os.P_PID, t.pid, os.WEXITED | os.WNOHANG |
                        os.WNOWAIT) is None:
            self.assertLess(time.monotonic(), end, "does not exit: " + t.text)
            with contextlib.suppress(OSError):
                if select.select([t.fd], [], [], 0.05)[0]:
                    t.text += os.read(t.fd, 65536).decode(errors="replace")
            time.sleep(0.01)

    def test_interpreter(self):
        """With readline up to 3.12, pyrepl from 3.13 on."""
        t = self.terminal(TERM="xterm")
        self.use(t, ">>> ")
        self.finish(t, ">>> ")

    def test_basic_interpreter(self):
        """Where the terminal is a dumb one."""
        t = self.terminal(TERM="dumb", PYTHON_BASIC_REPL="1")
        self.use(t, ">>> ")
        self.finish(t, ">>> ")

    def test_ipython(self):
        try:
            import IPython  # noqa: F401
        except ImportError:
            return  # the interpreter of .venv has it
        t = self.terminal("-m", "IPython", "--no-banner",
                          "--colors=NoColor", "--simple-prompt",
                          TERM="xterm")
        self.use(t, r"In \[\d+\]:")

    def test_ipython_full(self):
        try:
            import IPython  # noqa: F401
        except ImportError:
            return
        t = self.terminal("-m", "IPython", "--no-banner",
                          "--colors=NoColor", TERM="xterm")
        prompt = r"In \[\d+\]:"
        t.expect(prompt)
        t.say("from helpers import *; loop = mixio.start_loop()")
        t.expect(prompt)
        t.say("task = loop.create_task(tick()); ask(3)")
        t.expect(r"answer 3'")
        for _ in range(2):
            time.sleep(0.5)
            t.say("goes_on()")
            t.expect("'goes on'")
        t.say("await answer(4)")
        t.expect(r"answer 4'")
        t.say("ask(5)")
        t.expect(r"answer 5'")

