# SPDX-License-Identifier: MIT
"""psycopg2's own tests, against a real PostgreSQL."""

from _fetched import Suite, sdist
from _postgres import Databases

VERSION = "2.9.10"

DATABASES = Databases()
servers = DATABASES.servers


def prepare(work, number):
    host, user, name = DATABASES.new(number)
    return {"PSYCOPG2_TESTDB": name, "PSYCOPG2_TESTDB_HOST": host,
            "PSYCOPG2_TESTDB_USER": user}


SUITE = Suite(
    "psycopg2", lambda python: sdist(python, "psycopg2", VERSION),
    lambda source: [source, "pytest==8.3.5"],
    files=["tests/test_*.py"], copy=["tests"], prepare=prepare)
jobs = SUITE.jobs
