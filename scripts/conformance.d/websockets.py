# SPDX-License-Identifier: MIT
"""websockets' own tests: its blocking, threaded half and what is below."""

from _fetched import Suite, sdist

VERSION = "15.0.1"

SUITE = Suite(
    "websockets", lambda python: sdist(python, "websockets", VERSION),
    lambda source: [source, "pytest==8.3.5", "python-socks[asyncio]==2.7.1",
                    "mitmproxy==11.0.2", "werkzeug"],
    files=["tests/sync/test_*.py", "tests/test_*.py"], copy=["tests"])
jobs = SUITE.jobs
