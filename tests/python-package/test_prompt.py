# SPDX-License-Identifier: MIT
"""start_loop() at prompts: the interpreter's, pdb's, IPython's.

The programs run on a terminal of their own.  Their background task counts in a
file, so that it can be watched while nobody types.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time

from suite import Case, LIMIT, core, eventually, library

BARE = {k: v for k, v in os.environ.items()
        if k not in ("LD_PRELOAD", "MIXIO_RUN", "PYTHONSTARTUP")}

HELPERS = """
import asyncio, mixio, os, struct
async def tick():
    with open("count", "wb", buffering=0) as f:
        n = 0
        while True:
            n += 1
            os.pwrite(f.fileno(), struct.pack("Q", n), 0)
            await asyncio.sleep(0.001)
async def answer(x):
    await asyncio.sleep(0.001)
    return "answer %d" % x
async def stay():
    print("stays" + " there", flush=True)
    await asyncio.sleep(1000)
@mixio.sync
async def ask(x):
    return await answer(x)
def debugged(x):
    y = ask(x)
    breakpoint()
    return y
async def async_debugged():
    breakpoint()
    return 1
"""
PYTHON = r">>> "
PDB = r"\(Pdb\) |ipdb> "
IPYTHON = r"In \[\d+\]:"


class Terminal:
    """A program on a terminal of its own, in a folder of its own."""

    def __init__(self, words, folder, **env):
        self.folder = folder
        self.path = env["PYTHONPATH"]
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(words[0], words, dict(
                BARE, HOME=folder, PYTHON_HISTORY=folder + "/history",
                IPYTHONDIR=folder, **env))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, 200, 0, 0))

    def read(self, seconds):
        """False: there is nothing, or the program has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return False
        # Where the cursor is, as IPython wants to know.
        if "\x1b[6n" in got:
            os.write(self.fd, b"\x1b[1;1R")
        self.text = re.sub(
            r"\x1b[\[(][0-9;?>=]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07|\r", "",
            self.text + got)
        return bool(got)

    def expect(self, pattern):
        """Wait for output, and forget it and all before."""
        end = time.monotonic() + LIMIT
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return
            if not self.read(max(0, end - time.monotonic())):
                raise AssertionError("no %r in %r" % (pattern,
                                                      self.text[-2000:]))

    def say(self, line, *patterns):
        """Type a line, and wait for what comes of it."""
        os.write(self.fd, line.encode() + b"\r")
        for pattern in patterns:
            self.expect(pattern)

    def interrupt(self, *patterns):
        os.write(self.fd, b"\x03")
        for pattern in patterns:
            self.expect(pattern)

    def count(self):
        try:
            with open(self.folder + "/count", "rb") as f:
                return struct.unpack("Q", f.read(8))[0]
        except (OSError, struct.error):
            return 0

    def goes_on(self):
        """The background task does, though nobody types."""
        before = self.count()
        eventually(lambda: self.count() > before + 3, "ticks at a prompt")

    def ends(self):
        end = time.monotonic() + LIMIT
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG |
                        os.WNOWAIT) is None:
            if time.monotonic() > end:
                raise AssertionError("does not exit: " + self.text[-2000:])
            if not self.read(0.05):
                time.sleep(0.01)

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Prompt(Case):
    def terminal(self, *words, **env):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(folder.name + "/helpers.py", "w") as f:
            f.write(HELPERS)
        path = folder.name + os.pathsep + os.environ.get("PYTHONPATH", "")
        terminal = Terminal([sys.executable, *words], folder.name,
                            PYTHONPATH=path, **env)
        self.addCleanup(terminal.close)
        return terminal

    def use(self, t, prompt):
        t.expect(prompt)
        t.say("from helpers import *", prompt)
        t.say("loop = mixio.start_loop()", prompt)
        t.say("task = loop.create_task(tick())", prompt)
        t.say("ask(3)", "answer 3'", prompt)
        t.say("mixio.await_(answer(4))", "answer 4'", prompt)
        t.goes_on()
        # Ctrl-C at the prompt, and in a call
        t.interrupt("KeyboardInterrupt", prompt)
        t.say("mixio.await_(stay())", "stays there")
        t.interrupt("KeyboardInterrupt", prompt)
        t.goes_on()
        # A debugger in plain code
        t.say("debugged(5)", PDB)
        t.say("p ask(6), y", "answer 6.*answer 5", PDB)
        t.goes_on()
        t.say("c", "answer 5'", prompt)
        # And in async code, where the loop itself stands still.
        t.say("mixio.await_(async_debugged())", PDB)
        t.say("p ask(7)", "answer 7", PDB)
        t.say("c", prompt)
        t.goes_on()
        t.say("ask(8)", "answer 8'", prompt)

    def leave(self, t):
        t.say("exit()")
        t.ends()

    @core
    def test_interpreter(self):
        """With readline up to 3.12, its own line editor from 3.13 on."""
        t = self.terminal("-m", "mixio", TERM="xterm")
        self.use(t, PYTHON)
        self.leave(t)

    def test_plain_interpreter(self):
        """With readline, in every version."""
        t = self.terminal("-m", "mixio", TERM="dumb", PYTHON_BASIC_REPL="1")
        self.use(t, PYTHON)
        self.leave(t)

    def test_without_readline(self):
        """The terminal driver's editing: fgets() of libc."""
        if sys.version_info >= (3, 13):
            return  # uses it wherever there is one
        t = self.terminal("-IS", TERM="dumb", MIXIO_RUN="1",
                          LD_PRELOAD=os.environ["MIXIO_LIB"])
        t.expect(PYTHON)
        t.say("import sys; 'readline' in sys.modules", "False", PYTHON)
        t.say("sys.path[:0] = %r" % t.path.split(os.pathsep), PYTHON)
        t.say("from helpers import *", PYTHON)
        t.say("loop = mixio.start_loop()", PYTHON)
        t.say("task = loop.create_task(tick())", PYTHON)
        t.goes_on()
        t.say("ask(3)", "answer 3'", PYTHON)
        t.goes_on()
        t.say("raise SystemExit")
        t.ends()

    def test_pdb_of_a_script(self):
        t = self.terminal("-m", "mixio", "-m", "pdb", "script.py",
                          TERM="dumb")
        with open(t.folder + "/script.py", "w") as f:
            f.write("from helpers import *\n"
                    "loop = mixio.start_loop()\n"
                    "task = loop.create_task(tick())\n"
                    "x = ask(3)\n"
                    "print('the', 'end')\n")
        t.expect(PDB)
        t.say("b 5", PDB)
        t.say("c", "Pdb")
        t.say("p x, ask(4)", "answer 3.*answer 4", PDB)
        t.goes_on()
        t.say("n", "the end", PDB)
        t.say("q")
        t.ends()

    def test_asyncio(self):
        """Its own prompt, where code runs in a loop."""
        t = self.terminal("-m", "mixio", "-m", "asyncio", TERM="dumb",
                          PYTHON_BASIC_REPL="1")
        t.expect(PYTHON)
        t.say("from helpers import *", PYTHON)
        t.say("task = asyncio.ensure_future(tick())", PYTHON)
        t.goes_on()
        t.say("plain = lambda x: mixio.await_(answer(x))", PYTHON)
        t.say("await mixio.as_async(plain)(5)", "answer 5'", PYTHON)
        t.goes_on()
        t.say("exit()")
        t.ends()

    def test_ipython(self):
        if not library("IPython"):
            return
        t = self.terminal("-m", "mixio", "-m", "IPython", "--no-banner",
                          "--colors=NoColor", "--simple-prompt",
                          TERM="xterm")
        self.use(t, IPYTHON)
        self.leave(t)

    def test_ipython_line_editor(self):
        """prompt_toolkit has a loop of its own."""
        if not library("IPython"):
            return
        t = self.terminal("-m", "mixio", "-m", "IPython", "--no-banner",
                          "--colors=NoColor", TERM="xterm")
        t.expect(IPYTHON)
        t.say("from helpers import *; loop = mixio.start_loop()", IPYTHON)
        t.say("task = loop.create_task(tick()); ask(3)", r"answer 3'")
        t.goes_on()
        t.say("await answer(4), ask(6)", "answer 4', 'answer 6'")
        t.goes_on()
        t.say("ask(5)", r"answer 5'")
        t.goes_on()
        t.say("exit")
        t.ends()
