# SPDX-License-Identifier: MIT
"""websockets' own tests: its blocking, threaded half and what is below."""

from _fetched import Suite, debian_source

# PyPI's source package comes without most of the tests, and older releases of
# Debian have a websockets without threads.
RELEASE = "trixie"

SUITE = Suite(
    "websockets", lambda python: debian_source("python-websockets", RELEASE),
    lambda source: [source, "pytest==8.3.5", "python-socks[asyncio]==2.7.1",
                    "werkzeug"],
    files=["tests/sync/test_*.py", "tests/test_*.py"], copy=["tests"],
    # what is a millisecond by default is 50
    env={"WEBSOCKETS_TESTS_TIMEOUT_FACTOR": "50"})
jobs = SUITE.jobs
