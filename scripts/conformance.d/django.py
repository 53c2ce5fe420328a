# SPDX-License-Identifier: MIT
"""Django's own tests, unmodified: those of database backends, transactions,
servers and handlers, on SQLite and, by psycopg and psycopg2, on PostgreSQL."""

import fnmatch
import os

from _common import HERE, Job, Known, Missing, read_lists
from _fetched import run, sdist, venv
from _postgres import Databases
from cpython import interpreters

POSTGRES = Databases()
servers = POSTGRES.servers

CORE = ["asgi", "backends", "handlers", "servers", "transactions"]

# Others with threads, connections and event loops in them.
MORE = ["async", "cache", "db_utils", "dbshell", "delete_regress",
        "file_storage", "fixtures_regress", "get_or_create", "mail",
        "postgres_tests", "requests_tests", "select_for_update", "signals",
        "transaction_hooks", "utils_tests", "wsgi"]

DATABASES = ["sqlite", "psycopg", "psycopg2"]

# What belongs to PostgreSQL alone, and what has nothing to do with a database.
ONLY_POSTGRES = ["postgres_tests", "select_for_update"]
NO_DATABASE = ["async", "asgi", "file_storage", "mail", "requests_tests",
               "signals", "utils_tests", "wsgi"]

# Oldest CPython for the newest Django that pip finds for it.
OLDEST = (3, 10)
PACKAGES = ["django", "psycopg[binary,pool]", "psycopg2-binary", "aiosmtpd",
            "docutils", "jinja2", "tblib"]

SETTINGS = """\
import sys

if {driver!r} == "psycopg2":
    # Django takes psycopg where it can be imported.
    sys.modules["psycopg"] = None
DATABASES = {{
    alias: {{"ENGINE": "django.db.backends.postgresql", "HOST": {host!r},
             "USER": "mixio", "NAME": {name!r} + alias}}
    for alias in ("default", "other")}}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
"""


def setup(driver, number):
    """What a run starts in: a folder with the settings for PostgreSQL."""
    def prepare(work):
        with open(os.path.join(work, "test_postgres.py"), "w",
                  encoding="ascii") as f:
            # Django's runner makes the databases, and removes old ones.
            f.write(SETTINGS.format(driver=driver, host=POSTGRES.host,
                                    name="t%d_" % number))
    return None if driver == "sqlite" else prepare


def wanted(opts, label, driver):
    """Whether to run LABEL on a database."""
    if opts.core and (label not in CORE or driver == "psycopg2"):
        return False
    if label in NO_DATABASE and driver != "sqlite" or \
            label in ONLY_POSTGRES and driver == "sqlite":
        return False
    return not opts.only or any(fnmatch.fnmatchcase(label, p)
                                for p in opts.only)


def jobs(opts):
    known = []
    if os.path.exists(os.path.join(HERE, "django.known")):
        known = [Known(*row) for row in read_lists("django.known", 3)]
    found = []
    for python in interpreters(opts):
        version = run([python, "-c", "import sys;"
                       "print('%d.%d.%d' % sys.version_info[:3])"],
                      python).strip()
        if tuple(map(int, version.split(".")[:2])) < OLDEST:
            if opts.python:
                raise Missing("CPython %s is too old for it" % version)
            continue
        program, version = venv(python, "django", PACKAGES)
        django = run([program, "-c", "import django;"
                      "print(django.__version__)"], "Django").strip()
        tests = os.path.join(sdist(program, "django", django), "tests")
        for driver in DATABASES:
            for label in CORE + MORE:
                if not wanted(opts, label, driver) or \
                        not os.path.isdir(os.path.join(tests, label)):
                    continue
                found.append(Job(
                    label, [program, os.path.join(HERE, "_django_driver.py"),
                            "{results}", os.path.join(tests, "runtests.py"),
                            "test_sqlite" if driver == "sqlite"
                            else "test_postgres", label],
                    variant="%s %s %s" % (version, django, driver),
                    known=known, seconds=900,
                    setup=setup(driver, len(found))))
    if not found and not opts.only:
        raise Missing("no CPython from %d.%d on" % OLDEST)
    return found
