# SPDX-License-Identifier: MIT
"""Debuggers and profilers see a green thread as a thread with one stack."""
import bdb
import contextlib
import cProfile
import faulthandler
import io
import os
import pstats
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import mixio
from mixio._debug import signal_number
from suite import Case, LIMIT, eventually

BARE = {k: v for k, v in os.environ.items()
        if k not in ("LD_PRELOAD", "MIXIO_RUN")}


class Sleepers(Case):
    """Threads that wait in functions with names of their own."""

    def setUp(self):
        super().setUp()
        self.go = threading.Event()
        self.here = queue.Queue()
        self.a, self.b = socket.socketpair()
        self.addCleanup(self.a.close)
        self.addCleanup(self.b.close)
        self.threads = [
            threading.Thread(target=self.waits_for_event, name="event"),
            threading.Thread(target=self.waits_for_bytes, name="bytes")]
        for t in self.threads:
            t.start()
        self.task = mixio.spawn(self.task_waits)
        self.idents = {self.here.get(): n for n in range(3)}
        self.addCleanup(self.finish)
        time.sleep(0.01)

    def finish(self):
        self.go.set()
        self.b.send(b"x")
        for t in self.threads:
            t.join(LIMIT)
        self.task.result(LIMIT)

    def deep(self, n, wait):
        if n:
            self.deep(n - 1, wait)
        else:
            self.here.put(threading.get_ident())
            wait()

    def waits_for_event(self):
        self.deep(3, self.go.wait)

    def waits_for_bytes(self):
        def receives():
            self.a.recv(1)
        self.deep(3, receives)

    def task_waits(self):
        self.deep(3, self.go.wait)


class Dump(Sleepers):
    def check(self, text):
        heads = re.findall(r'^thread \d+ ".*" (.*)$', text, re.M)
        self.assertEqual(len(heads), mixio.stats().live)
        found = {}
        for part in re.split(r"^thread ", text, flags=re.M)[1:]:
            names = re.findall(r'File ".*", line \d+, in ([^\s(]+)', part)
            names = [n.split(".")[-1] for n in names]
            for name in ("waits_for_event", "waits_for_bytes", "task_waits"):
                if name in names:
                    found[name] = (part, names)
        self.assertEqual(len(found), 3, text)
        for name, (part, names) in found.items():
            self.assertEqual(names.count("deep"), 4, part)
            self.assertRegex(part.split("\n")[0],
                             r"parked in \w+\(.*\) for \d+\.\d{3} s$")
            # The interpreter is below the runtime and above the start.
            self.assertRegex(part, r"(?s)mx_park.*Py.*gt_main")
        part, names = found["waits_for_bytes"]
        self.assertIn(" in recv(%d) " % self.a.fileno(), part)
        self.assertEqual(names[0], "receives")
        self.assertIn('test_debug.py", line ', part)
        # Lines are those where each frame is, as sys._current_frames has them.
        for ident, frame in sys._current_frames().items():
            if ident in self.idents:
                for f, line in traceback.walk_stack(frame):
                    self.assertIn('File "%s", line %d, in ' %
                                  (f.f_code.co_filename, line), text)

    def test_file(self):
        with tempfile.TemporaryFile("w+") as f:
            f.write("first\n")
            mixio.dump(f)
            f.seek(0)
            text = f.read()
        self.assertTrue(text.startswith("first\nthread "))
        self.check(text[6:])

    def test_descriptor(self):
        with tempfile.TemporaryFile("w+") as f:
            mixio.dump(f.fileno())
            f.seek(0)
            self.check(f.read())

    def test_file_without_descriptor(self):
        f = io.StringIO()
        mixio.dump(f)
        self.check(f.getvalue())
        f = io.BytesIO()
        mixio.dump(f)
        self.check(f.getvalue().decode())

    def test_stderr(self):
        f = io.StringIO()
        with contextlib.redirect_stderr(f):
            mixio.dump()
        self.check(f.getvalue())
        with contextlib.redirect_stderr(None):
            mixio.dump()

    def test_pipe_that_a_thread_reads(self):
        r, w = os.pipe()
        with os.fdopen(r) as f:
            reader = mixio.spawn(f.read)
            for _ in range(4):
                mixio.dump(w)
            os.close(w)
            text = reader.result(LIMIT)
        self.assertEqual(len(re.findall(r", in (?:\S+\.)?waits_for_bytes$",
                                        text, re.M)), 4)

    def test_errors(self):
        with self.assertRaises(OSError):
            mixio.dump(-1)
        with self.assertRaises(OSError):
            with open("/dev/full", "w") as f:
                mixio.dump(f)

    def test_thread_that_computes(self):
        stop = []

        def computes():
            while not stop:
                pass
        thread = threading.Thread(target=computes)
        thread.start()
        time.sleep(0.05)
        f = io.StringIO()
        mixio.dump(f)
        stop.append(1)
        thread.join(LIMIT)
        self.assertRegex(f.getvalue(), r"in \S*computes\b")
        self.check(f.getvalue())

    def check(self, text, check=check):
        # A thread more may be on its way to its end.
        eventually(lambda: len(re.findall("^thread ", text, re.M)) >=
                   mixio.stats().live)
        if len(re.findall("^thread ", text, re.M)) == mixio.stats().live:
            check(self, text)


class Standard(Sleepers):
    """What CPython itself has."""

    def names(self, frame):
        return [f.f_code.co_name for f, _ in traceback.walk_stack(frame)]

    def test_current_frames(self):
        frames = sys._current_frames()
        for ident in self.idents:
            names = self.names(frames[ident])
            self.assertEqual(names.count("deep"), 4)
            self.assertEqual(sum(n in ("waits_for_event", "waits_for_bytes",
                                       "task_waits") for n in names), 1)
            self.assertNotIn("test_current_frames", names)
        self.assertIs(frames[threading.get_ident()], sys._getframe())
        self.assertIn("test_current_frames",
                      self.names(frames[threading.get_ident()]))

    def test_faulthandler(self):
        with tempfile.TemporaryFile("w+") as f:
            faulthandler.dump_traceback(f, all_threads=True)
            f.seek(0)
            text = f.read()
        for ident in self.idents:
            part = text.split("0x%016x" % ident)[1].split("hread 0x")[0]
            self.assertEqual(part.count(" in deep"), 4)
            self.assertNotIn("test_faulthandler", part)
        self.assertEqual(text.count("in waits_for_event"), 1)
        self.assertEqual(text.count("in waits_for_bytes"), 1)
        self.assertEqual(text.count("in task_waits"), 1)

    def test_traceback(self):
        def fails(n):
            time.sleep(0.001)
            if n:
                fails(n - 1)
            time.sleep(0.001)
            raise KeyError(traceback.extract_stack())

        def work():
            try:
                fails(2)
            except KeyError as e:
                got.append((e, traceback.extract_tb(e.__traceback__)))
        got = []
        threads = [threading.Thread(target=work) for _ in range(10)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(LIMIT)
        self.assertEqual(len(got), 10)
        for e, tb in got:
            self.assertEqual([f.name for f in tb], ["work"] + ["fails"] * 3)
            stack = [f.name for f in e.args[0]]
            self.assertEqual(stack[-4:], ["work"] + ["fails"] * 3)
            self.assertNotIn("test_traceback", stack)

    def test_cprofile(self):
        def one():
            for _ in range(5):
                time.sleep(0.002)

        def other():
            for _ in range(7):
                time.sleep(0.001)

        def profiled(fn):
            profile = cProfile.Profile()
            profile.runcall(fn)
            profile.create_stats()
            return {k[2]: v for k, v in profile.stats.items()}
        # From 3.12 on there is one profiler for all threads, which mixes up
        # their calls: natively, too.
        together = sys.version_info < (3, 12)
        background = threading.Thread(target=other)
        if together:
            background.start()
        stats = profiled(one)
        if together:
            background.join(LIMIT)
        self.assertEqual(stats["one"][0], 1)
        sleep = next(v for k, v in stats.items() if "time.sleep" in k)
        self.assertEqual(sleep[0], 5)
        self.assertNotIn("other", stats)
        if together:
            tasks = [mixio.spawn(profiled, f) for f in (one, other)]
            for task, name, n in zip(tasks, ("one", "other"), (5, 7)):
                stats = task.result(LIMIT)
                self.assertEqual(stats[name][0], 1)
                sleep = next(v for k, v in stats.items() if "time.sleep" in k)
                self.assertEqual(sleep[0], n)
        # Waiting counts as time in the call, natively and here.
        self.assertGreaterEqual(stats["one" if "one" in stats else "other"][3],
                                0.005)
        profile = cProfile.Profile()
        profile.runcall(one)
        pstats.Stats(profile, stream=io.StringIO()).print_stats()

    def test_settrace(self):
        def traced(n, seen):
            for _ in range(n):
                time.sleep(0.001)
            seen.append("end")

        def tracer(frame, event, arg):
            if frame.f_code is traced.__code__:
                seen = frame.f_locals["seen"]
                if event == "line":
                    seen.append(frame.f_lineno -
                                frame.f_code.co_firstlineno)
                seen.append(threading.get_ident())
                return tracer
            return None
        lists = [[] for _ in range(5)]
        threading.settrace(tracer)
        try:
            threads = [threading.Thread(target=traced, args=(n, seen))
                       for n, seen in enumerate(lists)]
            for t in threads:
                t.start()
        finally:
            threading.settrace(None)
        idents = [t.ident for t in threads]
        for t in threads:
            t.join(LIMIT)
        for n, (seen, ident) in enumerate(zip(lists, idents)):
            self.assertEqual({s for s in seen if s != "end" and s > 1000},
                             {ident})
            lines = [s for s in seen if s == "end" or s < 1000]
            self.assertEqual(lines, [1] + [2, 1] * n + [3, "end"])
        self.assertIsNone(threading.gettrace() if hasattr(
            threading, "gettrace") else None)

        # Of this thread alone.
        seen, other = [], []
        sys.settrace(tracer)
        try:
            thread = threading.Thread(target=traced, args=(2, other))
            thread.start()
            traced(2, seen)
            thread.join(LIMIT)
        finally:
            sys.settrace(None)
        self.assertEqual(other, ["end"])
        self.assertEqual([s for s in seen if s == "end" or s < 1000],
                         [1, 2, 1, 2, 1, 3, "end"])

    def test_bdb(self):
        """Debuggers step through two threads at once."""
        class Debugger(bdb.Bdb):
            def __init__(self):
                super().__init__()
                self.lines = []

            def user_line(self, frame):
                if frame.f_code is stepped.__code__:
                    self.lines.append(frame.f_lineno -
                                      frame.f_code.co_firstlineno)
                self.set_step()

        def stepped():
            time.sleep(0.002)
            time.sleep(0.002)
            return 5

        def work():
            d = Debugger()
            result = d.runcall(stepped)
            sys.settrace(None)
            return result, d.lines
        for task in [mixio.spawn(work) for _ in range(2)]:
            self.assertEqual(task.result(LIMIT), (5, [1, 2, 3]))


class Pdb(Case):
    def test_in_a_green_thread(self):
        """At the prompt the other threads go on."""
        code = """if 1:
            import pdb, threading, time
            ticks = 0
            def ticker():
                global ticks
                while ticks < 10 ** 6:
                    ticks += 1
                    time.sleep(0.001)
            def inner(value):
                pdb.set_trace()
                value += 1
                return value
            def work():
                print("result", inner(41))
            threading.Thread(target=ticker, daemon=True).start()
            t = threading.Thread(target=work)
            t.start()
            t.join()
            """
        with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
            f.write(code)
            f.flush()
            child = subprocess.Popen(
                [sys.executable, "-u", "-m", "mixio", f.name], env=BARE,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)

            def ask(command):
                child.stdin.write(command.encode() + b"\n")
                child.stdin.flush()
                return prompt()

            def prompt():
                text = b""
                while not text.endswith(b"(Pdb) "):
                    piece = os.read(child.stdout.fileno(), 4096)
                    if not piece:
                        break
                    text += piece
                return text.decode()
            try:
                prompt()
                self.assertEqual(ask("p value").split("\n")[0], "41")
                where = ask("where")
                self.assertRegex(where, r"(?s)work\(\).*inner\(\)")
                self.assertNotIn("ticker", where)
                before = int(ask("p ticks").split("\n")[0])
                time.sleep(0.05)
                self.assertGreater(int(ask("p ticks").split("\n")[0]), before)
                ask("next")
                ask("next")
                self.assertEqual(ask("p value").split("\n")[0], "42")
                out, _ = child.communicate(b"continue\n", LIMIT)
                self.assertIn(b"result 42", out)
                self.assertEqual(child.returncode, 0)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.communicate()


class Names(Case):
    def test_signals(self):
        for name, n in (("QUIT", signal.SIGQUIT), ("SIGusr1", signal.SIGUSR1),
                        ("3", 3), ("RTMIN+1", signal.SIGRTMIN + 1),
                        ("rtmax-2", signal.SIGRTMAX - 2),
                        ("RTMAX", signal.SIGRTMAX)):
            self.assertEqual(signal_number(name), n)
        for name in ("", "FOO", "0", "-1", "65", "33", "9", "SEGV", "kill",
                     "RTMIN+99", "RTMIN+", "RTMIN-1", "QUIT+1", "_BLOCK",
                     "BLOCK"):
            with self.assertRaises(ValueError, msg=name):
                signal_number(name)

    def test_command(self):
        for words, text in ((["--dump-signal"], "wants a signal"),
                            (["--dump-signal", "x"], "not 'x'"),
                            (["--dump-signal=STOP"], "take another")):
            done = subprocess.run(
                [sys.executable, "-m", "mixio"] + words, env=BARE,
                stderr=subprocess.PIPE, universal_newlines=True,
                stdin=subprocess.DEVNULL, timeout=LIMIT)
            self.assertEqual(done.returncode, 2)
            self.assertIn(text, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
