# SPDX-License-Identifier: MIT
"""Django's own tests, unmodified: those of database backends, transactions,
servers and handlers, on SQLite and, by psycopg and psycopg2, on PostgreSQL."""

import atexit
import contextlib
import fnmatch
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from _common import HERE, Job, Known, Missing, read_lists
from cpython import interpreters

sys.path.insert(1, os.path.dirname(HERE))
import lab  # noqa: E402

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
import os
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


def cache(*names):
    """A path where what was fetched is kept."""
    top = os.environ.get("MIXIO_CONFORMANCE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "mixio-conformance")
    return os.path.join(top, *names)


def run(argv, what):
    """Output of a command; Missing if it fails."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("MIXIO", "PYTHON", "LD_"))}
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=900,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Missing("%s: %s" % (what, e)) from None
    if done.returncode:
        raise Missing("%s: %s" % (what, " / ".join(
            done.stderr.strip().splitlines()[-3:])))
    return done.stdout.strip()


def environment(python, version):
    """(interpreter with Django and drivers, version of Django)."""
    key = hashlib.sha1(" ".join([python] + PACKAGES).encode()).hexdigest()
    path = cache("venv", "django-for-%s-%s" % (version, key[:10]))
    program = os.path.join(path, "bin", "python3")
    if not os.path.exists(os.path.join(path, "complete")):
        print("          installing Django for %s" % version, flush=True)
        run([python, "-m", "venv", "--clear", path], "venv")
        run([program, "-m", "pip", "install", "--quiet", "--prefer-binary",
             "--disable-pip-version-check"] + PACKAGES, "pip install")
        with open(os.path.join(path, "complete"), "w", encoding="ascii"):
            pass
    return program, run([program, "-c", "import django;"
                         "print(django.__version__)"], "Django")


def source(program, version):
    """The unpacked source package of Django, as PyPI has it."""
    path = cache("pypi", "django-" + version)
    if not os.path.isdir(path):
        print("          fetching Django %s" % version, flush=True)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as new:
            run([program, "-m", "pip", "download", "--quiet", "--no-deps",
                 "--disable-pip-version-check", "--no-binary", "django",
                 "--dest", new, "django==" + version], "fetching Django")
            archive, = glob.glob(os.path.join(new, "*.tar.gz"))
            # Whole: readers after us see all of it or none.
            shutil.unpack_archive(archive, new)
            unpacked, = [e.path for e in os.scandir(new) if e.is_dir()]
            os.rename(unpacked, path)
    for name in glob.glob(os.path.join(path, "django-*", "tests")):
        return name     # unpacked by somebody who keeps the folder's name
    return os.path.join(path, "tests")


class Cluster:
    """A PostgreSQL server, from the first call of host() to our end."""

    def __init__(self):
        self._host = ""

    def host(self):
        if not self._host:
            stack = contextlib.ExitStack()
            try:
                dsn = stack.enter_context(lab.postgres(100))
            except lab.LabError as e:
                raise Missing(str(e)) from None
            # Also at Ctrl-C; a SIGKILL of ours ends it, too.
            atexit.register(stack.close)
            self._host = re.search(r"host=(\S+)", dsn).group(1)
        return self._host


def setup(driver, host, name):
    """What a run starts in: a folder with the settings."""
    def prepare(work):
        path = os.path.join(work, "test_postgres.py")
        with open(path, "w", encoding="ascii") as f:
            f.write(SETTINGS.format(driver=driver, host=host, name=name))
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
    cluster = Cluster()
    found = []
    for python in interpreters(opts):
        version = run([python, "-c", "import sys;"
                       "print('%d.%d.%d' % sys.version_info[:3])"], python)
        if tuple(map(int, version.split(".")[:2])) < OLDEST:
            if opts.python:
                raise Missing("CPython %s is too old for it" % version)
            continue
        program, django = environment(python, version)
        tests = source(program, django)
        for driver in DATABASES:
            for label in CORE + MORE:
                if not wanted(opts, label, driver) or \
                        not os.path.isdir(os.path.join(tests, label)):
                    continue
                host = "" if driver == "sqlite" or opts.list else \
                    cluster.host()
                found.append(Job(
                    label, [program, os.path.join(HERE, "_django_driver.py"),
                            "{results}", os.path.join(tests, "runtests.py"),
                            "test_sqlite" if driver == "sqlite"
                            else "test_postgres", label],
                    variant="%s %s %s" % (version, django, driver),
                    known=known, seconds=900,
                    setup=setup(driver, host, label + "_")))
    if not found and not opts.only:
        raise Missing("no CPython from %d.%d on" % OLDEST)
    return found
