# SPDX-License-Identifier: MIT
"""psycopg 3's own tests, against a real PostgreSQL.

Once waiting in Python, with libpq by ctypes, and once in C.
"""

from _fetched import Suite, debian_source
from _postgres import Databases

# PyPI's source package comes without the tests.
RELEASE = "trixie"
VERSION = "3.2.6"

DATABASES = Databases()
servers = DATABASES.servers


def prepare(work, number):
    host, user, name = DATABASES.new(number)
    return {"PSYCOPG_TEST_DSN": "host=%s user=%s dbname=%s" %
            (host, user, name)}


def suite(how, more):
    return Suite(
        "psycopg3", lambda python: debian_source("psycopg3", RELEASE),
        lambda source: [source + "/psycopg", source + "/psycopg_pool",
                        "pytest==8.3.5", "anyio==4.8.0", "pproxy==2.7.9",
                        "dnspython==2.7.0"] + more,
        files=["tests/test_*.py", "tests/pool/test_*.py",
               "tests/pq/test_*.py", "tests/types/test_*.py"],
        copy=["tests"], prepare=prepare, flavour=how,
        # "timing based and may fail on cheese hardware", says its author
        args=["-m", "not timing"],
        env={"PSYCOPG_IMPL": how},
        out={"tests/test_typing.py": "runs mypy, not psycopg",
             "tests/test_windows.py": "about another system"})


def jobs(opts):
    return suite("python", []).jobs(opts) + \
        suite("binary", ["psycopg-binary==" + VERSION]).jobs(opts)
