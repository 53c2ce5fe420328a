# SPDX-License-Identifier: MIT
"""What the tests of the Python package share, and the program that runs them.

    python3 -m mixio suite.py [--core] TEST_FILE...

prints "ok NAME", "not ok NAME" and "skip NAME # WHY" lines for package.py.
--core: what may differ from one version of CPython to the next, only.
"""
import faulthandler
import gc
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
import threading
import time
import traceback
import unittest
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
SLOW = float(os.environ.get("MIXIO_TEST_SLOW", "1"))
LIMIT = 60 * SLOW  # seconds, for what takes milliseconds


def eventually(condition, what="condition"):
    """Wait until condition() is true; AssertionError after LIMIT seconds."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (LIMIT, what))
        time.sleep(0.001)


def parked(call=""):
    """How many green threads wait, other than for the GIL.

    call: how the name of the call begins, when they wait in a certain one.
    """
    import mixio
    with tempfile.TemporaryFile("w+") as f:
        mixio.dump(f)
        f.seek(0)
        return sum(" parked in " + call in line and "pthread_cond" not in line
                   for line in f)


def core(test):
    """Marks a test or a class of tests: see --core."""
    test.core = True
    return test


def library(name):
    """Whether another project's library is there; it has to be in the
    environment that scripts/setup makes."""
    if importlib.util.find_spec(name) is not None:
        return True
    if os.environ.get("MIXIO_TEST_LIBRARIES"):
        raise AssertionError("no %s: run scripts/setup" % name)
    return False


def dummies():
    """Threads that threading.current_thread() has made up."""
    return [t for t in list(threading._active.values())
            if isinstance(t, threading._DummyThread)]


class Case(unittest.TestCase):
    """A test after which everything is as it was before."""

    def setUp(self):
        import mixio
        self.mixio = mixio
        if mixio.entered():
            self.live = mixio.stats().live
            self.dummies = len(dummies())
            self.addCleanup(self.check_leaks)

    def check_leaks(self):
        import mixio._tasks
        gc.collect()
        eventually(lambda: self.mixio.stats().live <= self.live,
                   "green threads end")
        eventually(lambda: not mixio._tasks._live, "tasks end")
        eventually(lambda: len(sys._current_frames()) ==
                   threading.active_count() - len(dummies()), "thread states")
        self.assertLessEqual(len(dummies()), self.dummies)

    def assertGone(self, *refs):
        """Weak references that nothing holds (cycles may have to go)."""
        gc.collect()
        eventually(lambda: all(r() is None for r in refs), "objects go")


class Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.subtests = {}

    def startTest(self, test):
        import mixio
        super().startTest(test)
        # In a kernel thread: a test that hangs shall say where.
        with mixio.kernel_threads():
            faulthandler.dump_traceback_later(LIMIT * 4, exit=True)

    def say(self, kind, test, note=""):
        print("%s %s%s" % (kind, ".".join(test.id().split(".")[-3:]),
                           " # " + note.replace("\n", " ") if note else ""),
              flush=True)

    def addSuccess(self, test):
        if not self.subtests.get(test.id()):
            self.say("ok", test)

    def fail(self, test, err):
        self.say("not ok", test)
        for line in "".join(traceback.format_exception(*err)).splitlines():
            print("# " + line, flush=True)

    def addError(self, test, err):
        self.fail(test, err)

    def addFailure(self, test, err):
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.subtests[test.id()] = True
            self.fail(subtest, err)

    def addSkip(self, test, reason):
        self.say("skip", test, reason)


def is_core(test):
    method = getattr(test, test.id().rpartition(".")[2], None)
    return getattr(method, "core", False) or getattr(test, "core", False)


def each(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def main(names):
    # In a debug run asyncio tells of all that takes long on a busy machine.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    # To fork is what some tests are about.
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork")
    sys.path.insert(0, HERE)
    tests = unittest.TestSuite()
    only_core = names[0] == "--core"
    for name in names[only_core:]:
        module = importlib.import_module(os.path.basename(name)[:-3])
        loaded = unittest.defaultTestLoader.loadTestsFromModule(module)
        tests.addTests(t for t in each(loaded) if is_core(t) or not only_core)
    tests.run(Result())
    faulthandler.cancel_dump_traceback_later()
    print("done", flush=True)


if __name__ == "__main__":
    # The tests import this file by its name, too.
    sys.modules["suite"] = sys.modules["__main__"]
    main(sys.argv[1:])
