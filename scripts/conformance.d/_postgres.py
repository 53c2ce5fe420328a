# SPDX-License-Identifier: MIT
"""A PostgreSQL for suites: one cluster, a database for each job."""

import contextlib
import subprocess

from _fetched import lab


class Databases:
    """Give `servers` to the harness; new() makes an empty database."""

    def __init__(self, connections=150):
        self.connections = connections
        self.host = ""

    @contextlib.contextmanager
    def servers(self, opts):
        try:
            with lab.postgres(self.connections) as dsn:
                self.host = dict(word.split("=") for word in dsn.split())[
                    "host"]
                yield
        except lab.LabError as e:
            raise SystemExit("conformance: %s" % e) from None

    def psql(self, *commands):
        argv = [str(lab.postgres_program("psql")), "-qXAt",
                "-v", "ON_ERROR_STOP=1", "-h", self.host, "-U", "mixio",
                "-d", "postgres"]
        for command in commands:
            argv += ["-c", command]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, check=False)
        if done.returncode != 0:
            raise OSError("psql: %s" % done.stdout.strip())
        return done.stdout

    def new(self, number):
        """(host, user, name) of a database as new for job NUMBER."""
        name = "t%d" % number
        self.psql("drop database if exists %s with (force)" % name,
                  "create database %s" % name)
        return self.host, "mixio", name
