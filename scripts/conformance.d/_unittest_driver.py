# SPDX-License-Identifier: MIT
"""Run one module of the `test` package of the Python that runs this.

    python _unittest_driver.py RESULTS RESOURCES MODULE [LEAVE-OUT...]
                               [-- TEST...]

Does what regrtest does for one test file in its own process, and writes what
becomes of every single test to RESULTS, a JSON object a line, as it happens:
a crash or a time limit then loses nothing that came before.  Runs on every
CPython from 2.7 on, so nothing newer is used here.  Tests whose names match one
of the patterns LEAVE-OUT are not run at all and not reported, nor are any but
TESTs if there are such.
"""

import json
import os
import sys
import time

# Tests patch modules; what is used between two tests is kept here.
_open, _write, _close = os.open, os.write, os.close
_getpid, _clock, _dumps = os.getpid, time.time, json.dumps


class Recorder(object):
    """Writes events; knows which test runs and which process it is in."""

    def __init__(self, path):
        self.path = path
        self.pid = _getpid()
        self.began = 0.0

    def write(self, **event):
        if _getpid() != self.pid:
            return      # a child that fell through into the test runner
        # Opened anew each time: tests count descriptors and close them all.
        fd = _open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _write(fd, (_dumps(event) + "\n").encode("ascii"))
        finally:
            _close(fd)

    def start(self, test):
        self.began = _clock()
        self.write(id=test.id(), outcome="started")

    def end(self, test, outcome, detail=""):
        self.write(id=test.id(), outcome=outcome, detail=detail[-1500:],
                   seconds=round(_clock() - self.began, 3))


def text_of(err):
    import traceback
    if isinstance(err, tuple):
        return "".join(traceback.format_exception(*err))
    return str(err)


def patch(recorder):
    """Have every TestResult of this process report to RECORDER."""
    from unittest.result import TestResult

    def wrap(name, before):
        original = getattr(TestResult, name, None)
        if original is None:
            return

        def method(self, *args, **kwargs):
            before(*args)
            return original(self, *args, **kwargs)
        setattr(TestResult, name, method)

    def subtest(test, subtest, err):
        if err is not None:
            recorder.end(test, "failed", text_of(err))

    wrap("startTest", recorder.start)
    wrap("addSuccess", lambda t: recorder.end(t, "passed"))
    wrap("addError", lambda t, e: recorder.end(t, "failed", text_of(e)))
    wrap("addFailure", lambda t, e: recorder.end(t, "failed", text_of(e)))
    wrap("addSkip", lambda t, why: recorder.end(t, "skipped", str(why)))
    wrap("addExpectedFailure", lambda t, e: recorder.end(t, "passed"))
    wrap("addUnexpectedSuccess", lambda t: recorder.end(t, "failed",
                                                        "unexpected success"))
    wrap("addSubTest", subtest)


def choose(leave_out, only):
    import fnmatch
    import unittest
    original = unittest.TestSuite.addTest

    def add(self, test):
        if isinstance(test, unittest.TestCase) and (
                only and test.id() not in only or any(
                    fnmatch.fnmatchcase(test.id(), p) for p in leave_out)):
            return
        original(self, test)
    unittest.TestSuite.addTest = add


def opted_in():
    """Whether this thread is one of mixio's: the runner checks that it is."""
    import ctypes
    entered = getattr(ctypes.CDLL(None), "mixio_entered", None)
    return bool(entered and entered())


def run(name):
    """Load the module and run it as regrtest of its version does."""
    import importlib
    import unittest
    try:
        from test import support
    except ImportError:
        from test import test_support as support
    module = importlib.import_module("test." + name)
    if hasattr(module, "test_main"):
        module.test_main()
    else:
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromModule(module)
        for error in getattr(loader, "errors", ()):
            raise ImportError(error)
        unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite)
    support.reap_children()


def main():
    results, resources, name = sys.argv[1:4]
    patterns = sys.argv[4:]
    only = ()
    if "--" in patterns:
        only = frozenset(patterns[patterns.index("--") + 1:])
        patterns = patterns[:patterns.index("--")]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    # regrtest's way of running: its own name, no arguments that tests parse
    sys.argv[1:] = []
    os.umask(0o022)
    try:
        import faulthandler
        faulthandler.enable(all_threads=True, file=sys.__stderr__.fileno())
    except ImportError:
        pass
    import unittest
    try:
        from test import support
    except ImportError:
        from test import test_support as support
    support.verbose = 1
    support.use_resources = resources.split(",")
    support.record_original_stdout(sys.stdout)

    recorder = Recorder(results)
    patch(recorder)
    if patterns or only:
        choose(patterns, only)
    try:
        run(name)
    except unittest.SkipTest as e:      # ResourceDenied is one
        recorder.write(id="(module)", outcome="skipped", detail=str(e))
    except support.TestFailed:
        pass                            # recorded test by test
    except Exception:
        recorder.write(id="(module)", outcome="failed",
                       detail=text_of(sys.exc_info())[-1500:])
    recorder.write(done=True, mixio=opted_in())


if __name__ == "__main__":
    main()
