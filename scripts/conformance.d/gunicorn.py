# SPDX-License-Identifier: MIT
"""gunicorn's own tests: the worker with threads, the master, what is below.

Not those of its asyncio half (ASGI, "dirty" workers).
"""

from _fetched import Suite, sdist

VERSION = "27.0.1"

SUITE = Suite(
    "gunicorn", lambda python: sdist(python, "gunicorn", VERSION),
    lambda source: [source, "pytest==9.0.3", "pytest-asyncio", "gevent",
                    "h2==4.4.1", "httpx[http2]", "uvloop", "packaging",
                    "inotify"],
    files=["tests/test_arbiter.py", "tests/test_gthread*.py",
           "tests/test_[b-ce-z]*.py", "tests/workers/test_*.py"],
    copy=["tests"], out={"tests/test_gtornado.py": "needs Tornado"})
jobs = SUITE.jobs
