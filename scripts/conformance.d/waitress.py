# SPDX-License-Identifier: MIT
"""waitress' own tests: a WSGI server with a pool of threads."""

from _fetched import Suite, sdist

VERSION = "3.0.2"

SUITE = Suite(
    "waitress", lambda python: sdist(python, "waitress", VERSION),
    lambda source: [source, "pytest==8.3.5"],
    files=["tests/test_*.py"], copy=["tests"])
jobs = SUITE.jobs
