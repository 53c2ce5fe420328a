# SPDX-License-Identifier: MIT
"""psycopg 3's own tests against a real PostgreSQL, waiting in Python and in C."""

from _fetched import Suite, debian_source
from _postgres import Databases

DATABASES = Databases()
servers = DATABASES.servers


def prepare(work, number):
    host, user, name = DATABASES.new(number)
    return {"PSYCOPG_TEST_DSN": "host=%s user=%s dbname=%s" %
            (host, user, name)}


SUITE = Suite(
    "psycopg3", lambda python: debian_source("psycopg3"),
    lambda source: [source + "/psycopg", source + "/psycopg_pool",
                    "pytest==7.4.4", "anyio<4", "mypy", "pproxy", "dnspython"],
    files=["tests/test_*.py", "tests/*/test_*.py"],
    copy=["tests"], prepare=prepare)
jobs = SUITE.jobs
