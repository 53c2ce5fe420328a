#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Thread-per-connection servers that nobody here wrote: tinyproxy, microsocks.

Natively and under mixio: many slow transfers at the same time, byte-identical;
few kernel threads; memory for a connection; what SIGTERM, SIGHUP and SIGINT
do.  Loopback only.  Prints TAP.

MIXIO_SERVERS_N sets the number of connections (1,000).
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
N = int(os.environ.get("MIXIO_SERVERS_N", "1000"))
SIZE = 24000
CHUNKS = 8
SECONDS = 4.0
MAX_KERNEL_THREADS = 4

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 600
MaxClients {clients}
DisableViaHeader Yes
LogFile "{log}"
LogLevel Info
PidFile "{dir}/pid"
Allow 127.0.0.1
"""


def free_port():
    """A port that nobody listens on at the moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One of the servers, in a directory of its own."""

    def __init__(self, name, prefix, tmp):
        self.name = name
        self.port = free_port()
        self.dir = tempfile.mkdtemp(dir=tmp)
        self.log = os.path.join(self.dir, "log")
        if name == "tinyproxy":
            conf = os.path.join(self.dir, "conf")
            with open(conf, "w") as f:
                f.write(TINYPROXY.format(port=self.port, clients=N + 500,
                                         log=self.log, dir=self.dir))
            command = ["tinyproxy", "-d", "-c", conf]
            self.proxy = "http"
        else:
            command = ["microsocks", "-i", "127.0.0.1", "-p", str(self.port)]
            self.proxy = "socks"
        command[0] = shutil.which(command[0]) or \
            shutil.which(command[0], path="/usr/sbin:/usr/local/sbin")
        with open(os.path.join(self.dir, "err"), "wb") as err:
            self.child = subprocess.Popen(
                prefix + command, stdout=subprocess.DEVNULL, stderr=err,
                cwd=self.dir, env=tap.environment())

    def ready(self):
        """Wait until it accepts connections."""
        end = time.monotonic() + 20 * tap.SLOW
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port),
                                         0.5).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def end(self, sig):
        """Send a signal and wait; exit status, or "alive" after 10 s."""
        self.child.send_signal(sig)
        try:
            return self.child.wait(10 * tap.SLOW)
        except subprocess.TimeoutExpired:
            return "alive"

    def errors(self):
        """The end of what it wrote to stderr."""
        with open(os.path.join(self.dir, "err"), errors="replace") as f:
            return f.read()[-2000:]


def fetcher(server, origin, first, count, pipe=subprocess.PIPE):
    """Start clients of a server."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "slow.py"), "fetch", server.proxy,
         str(server.port), str(origin), str(first), str(count), str(SIZE)],
        stdout=pipe, env=tap.environment())


def load(server, origin):
    """All the transfers at once: figures and what the clients said."""
    # A few first, so that what every connection shares is there already.
    fetcher(server, origin, 0, 10).communicate(timeout=60 * tap.SLOW)
    before = tap.rss(server.child.pid)
    sampler = tap.Sampler(server.child.pid, 0.02)
    sampler.start()
    begin = time.monotonic()
    clients = fetcher(server, origin, 0, N)
    try:
        out = clients.communicate(timeout=(60 + SECONDS) * tap.SLOW)[0]
    except subprocess.TimeoutExpired:
        clients.kill()
        out = clients.communicate()[0]
    seconds = time.monotonic() - begin
    sampler.stop()
    found = dict(re.findall(r"(\w+)=(\w+)", out.decode()))
    return {"good": int(found.get("good", 0)), "hash": found.get("hash"),
            "threads": sampler.threads, "seconds": seconds,
            "each": (sampler.rss - before) / N, "said": out.decode()}


def signals(name, prefix, origin, tmp):
    """What each signal does, to a server that idles and to one at work."""
    found = {}
    for busy in (False, True):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            server = Server(name, prefix, tmp)
            clients = None
            try:
                if not server.ready():
                    found[sig.name, busy] = "did not start"
                    continue
                if busy:
                    clients = fetcher(server, origin, 0, 20)
                    time.sleep(1.0)
                else:
                    time.sleep(0.2)
                status = server.end(sig) if sig != signal.SIGHUP or \
                    name != "tinyproxy" else None
                if status is None:
                    # It reads its configuration again and lives on.
                    server.child.send_signal(sig)
                    time.sleep(0.5)
                    after = fetcher(server, origin, 0, 5)
                    said = after.communicate(timeout=60 * tap.SLOW)[0]
                    with open(server.log, errors="replace") as f:
                        text = f.read()
                    status = ("lives" if server.child.poll() is None
                              else "dead", said.decode().strip(),
                              "eload" in text)
                    if clients:
                        said = clients.communicate(timeout=60 * tap.SLOW)[0]
                        status += (said.decode().strip(),)
                        clients = None
                found[sig.name, busy] = status
            finally:
                tap.stop(clients)
                tap.stop(server.child)
    return found


def main():
    if not tap.raise_nofile(2 * N + 500):
        tap.bail_out("the limit of open files is too low for %d" % N)
    for name in ("tinyproxy", "microsocks"):
        if not (shutil.which(name) or
                shutil.which(name, path="/usr/sbin:/usr/local/sbin")):
            tap.bail_out("%s is not installed" % name)
    origin = subprocess.Popen(
        [sys.executable, str(HERE / "slow.py"), "origin", str(SIZE),
         str(CHUNKS), str(SECONDS)], stdout=subprocess.PIPE,
        env=tap.environment())
    try:
        port = int(origin.stdout.readline())
        with tempfile.TemporaryDirectory() as tmp:
            for name in ("tinyproxy", "microsocks"):
                compare(name, port, tmp)
    finally:
        tap.stop(origin)
    tap.done()


def compare(name, origin, tmp):
    """Run one server both ways and judge."""
    got = {}
    for kind, prefix in (("native", tap.native()), ("mixio", tap.mixio())):
        server = Server(name, prefix, tmp)
        try:
            if not server.ready():
                tap.ok(False, "%s, %s: starts" % (name, kind))
                tap.say(server.errors())
                return
            got[kind] = g = load(server, origin)
            g["alive"] = server.child.poll() is None
            g["errors"] = server.errors()
        finally:
            tap.stop(server.child)
        tap.say("%-10s %-7s %4d transfers of %d, %6.2f s, %4d kernel threads,"
                " %6.1f KiB resident for each" % (
                    name, kind, g["good"], N, g["seconds"], g["threads"],
                    g["each"]))
    native, mixio = got["native"], got["mixio"]
    if not tap.ok(native["good"] == N and mixio["good"] == N and
                  native["hash"] == mixio["hash"],
                  "%s: %d transfers, byte-identical" % (name, N)):
        tap.say("native: " + native["said"])
        tap.say("mixio: " + mixio["said"])
        tap.say(mixio["errors"])
    tap.ok(0 < mixio["threads"] <= MAX_KERNEL_THREADS,
           "%s: %d kernel threads" % (name, mixio["threads"]))
    # Kernel stacks and task structures, which only the native run has, do
    # not even count here.
    tap.ok(mixio["each"] <= native["each"] * 1.05 + 0.5,
           "%s: memory of a connection %.1f KiB, native %.1f KiB"
           % (name, mixio["each"], native["each"]))
    tap.ok(mixio["alive"], "%s: lives on" % name)
    want = signals(name, tap.native(), origin, tmp)
    have = signals(name, tap.mixio(), origin, tmp)
    for sig, busy in want:
        good = want[sig, busy] == have[sig, busy]
        tap.ok(good, "%s: %s, %s" % (name, sig, "at work" if busy
                                     else "idle"))
        if not good:
            tap.say("native: %r\nmixio: %r" % (want[sig, busy],
                                               have[sig, busy]))


if __name__ == "__main__":
    main()
