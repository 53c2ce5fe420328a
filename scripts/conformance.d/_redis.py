# SPDX-License-Identifier: MIT
"""A Redis for suites: no files, a port and a unix socket of its own."""

import contextlib
import os
import shutil
import socket
import time

from _fetched import lab


class Redis:
    """Give `servers` to the harness."""

    def __init__(self):
        self.port = 0
        self.unix = ""

    def choose(self):
        """The port that it will have; its socket then is known, too."""
        if not self.port:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]
            # Short: the path of a unix socket has at most 107 bytes.
            self.unix = "/tmp/mixio-redis-%d-%d/socket" % (os.getpid(),
                                                           self.port)
        return self.port

    @contextlib.contextmanager
    def servers(self, opts):
        program = shutil.which("redis-server")
        if not program:
            raise SystemExit("conformance: no redis-server: run scripts/setup")
        self.choose()
        place = os.path.dirname(self.unix)
        os.mkdir(place, 0o700)
        try:
            with lab.Program([program, "--bind", "127.0.0.1", "--port",
                              str(self.port), "--unixsocket", self.unix,
                              "--save", "", "--dir", place,
                              "--enable-debug-command", "yes"]) as server:
                self.ready(server)
                yield
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def command(self, *words):
        """The first 4 KiB of the answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
            return s.recv(4096)

    def ready(self, server):
        limit = time.monotonic() + 30
        while time.monotonic() < limit and server.running():
            try:
                if self.command("PING") == b"+PONG\r\n":
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("conformance: redis-server does not answer: %s" %
                         server.stop().stdout[-300:])

    def flush(self):
        """Empty as a new one."""
        answer = self.command("FLUSHALL")
        if answer != b"+OK\r\n":
            raise OSError("redis: %r" % answer)


class Many:
    """A Redis for each job, since jobs that run at once empty theirs."""

    def __init__(self):
        self.stack = None
        self.running = {}

    @contextlib.contextmanager
    def servers(self, opts):
        with contextlib.ExitStack() as self.stack:
            yield
        self.running = {}

    def new(self, number):
        """The port of an empty one for job NUMBER."""
        if number not in self.running:
            server = Redis()
            self.stack.enter_context(server.servers(None))
            self.running[number] = server
        self.running[number].flush()
        return self.running[number].port
