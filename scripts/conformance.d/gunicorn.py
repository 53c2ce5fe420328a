# SPDX-License-Identifier: MIT
"""gunicorn's own tests: the worker with threads and what is below it."""

from _fetched import Suite, sdist

VERSION = "23.0.0"

SUITE = Suite(
    "gunicorn", lambda python: sdist(python, "gunicorn", VERSION),
    lambda source: [source, "pytest==8.3.5", "gevent", "eventlet",
                    "setuptools<81"],
    files=["tests/test_*.py", "tests/workers/test_*.py"], copy=["tests"])
jobs = SUITE.jobs
