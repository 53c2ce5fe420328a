# SPDX-License-Identifier: MIT
"""redis-py's own tests, those for a plain server, against a real Redis."""

from _fetched import Suite, sdist
from _redis import Many

VERSION = "5.2.1"

SERVERS = Many()
servers = SERVERS.servers


def prepare(work, number):
    return {"PYTEST_ADDOPTS": "--redis-url=redis://127.0.0.1:%d/0" %
            SERVERS.new(number)}


SUITE = Suite(
    "redis-py", lambda python: sdist(python, "redis", VERSION),
    lambda source: [source, "pytest==8.3.5", "pytest-asyncio==0.23.8",
                    "pytest-timeout", "mock", "cachetools", "uvloop"],
    files=["tests/test_*.py", "tests/test_asyncio/test_*.py"], copy=["tests"],
    out={"tests/test_cluster.py": "needs a cluster and certificates",
         "tests/test_asyncio/test_cluster.py": "likewise",
         "tests/test_search.py": "needs a module of Redis, and numpy",
         "tests/test_asyncio/test_search.py": "likewise",
         "tests/test_ssl.py": "needs certificates",
         "tests/test_asyncio/test_ssl.py": "likewise"},
    args=["-m", "not onlycluster and not redismod and not graph and not "
          "experimental and not replica and not ssl"], prepare=prepare)
jobs = SUITE.jobs
