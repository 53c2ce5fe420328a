# SPDX-License-Identifier: MIT
"""For suites that run by pytest: writes results as _unittest_driver.py does.

    PYTHONPATH=.../conformance.d CONFORMANCE_RESULTS=FILE \
        python -m pytest -p _pytest_plugin ...
"""

import ctypes
import json
import os

_results = os.environ.get("CONFORMANCE_RESULTS", "")
_pid = os.getpid()
_folder = os.getcwd()   # another one in each run


def _write(**event):
    if not _results or os.getpid() != _pid:
        return
    if "id" in event:
        event["id"] = event["id"].replace(_folder, ".")
    fd = os.open(_results, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(fd, (json.dumps(event) + "\n").encode("ascii"))
    finally:
        os.close(fd)


def pytest_runtest_logstart(nodeid, location):
    _write(id=nodeid, outcome="started")


def pytest_runtest_logreport(report):
    expected = hasattr(report, "wasxfail")
    if report.failed:
        outcome = "failed"
    elif report.skipped:
        outcome = "passed" if expected else "skipped"
    elif report.when == "call":
        outcome = "passed"
    else:
        return
    _write(id=report.nodeid, outcome=outcome, seconds=round(report.duration, 3),
           detail="" if outcome == "passed" else str(report.longrepr)[-1500:])


def pytest_collectreport(report):
    if report.failed:
        _write(id=report.nodeid or "(collection)", outcome="failed",
               detail=str(report.longrepr)[-1500:])


def pytest_sessionfinish(session, exitstatus):
    entered = getattr(ctypes.CDLL(None), "mixio_entered", None)
    _write(done=True, mixio=bool(entered and entered()))
