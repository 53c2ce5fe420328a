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

sys.dont_write_bytecode = True
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

    def __init__(self, name, prefix, tmp, daemon=False):
        self.name = name
        self.daemon = daemon
        self.port = free_port()
        self.dir = tempfile.mkdtemp(dir=tmp)
        self.log = os.path.join(self.dir, "log")
        if name == "tinyproxy":
            conf = os.path.join(self.dir, "conf")
            with open(conf, "w") as f:
                f.write(TINYPROXY.format(port=self.port, clients=N + 500,
                                         log=self.log, dir=self.dir))
            command = ["tinyproxy", "-c", conf] if daemon else \
                ["tinyproxy", "-d", "-c", conf]
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
        while time.monotonic() < end and (self.daemon or
                                          self.child.poll() is None):
            try:
                socket.create_connection(("127.0.0.1", self.port),
                                         0.5).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def pid(self):
        """Its process, also if that went into the background."""
        if not self.daemon:
            return self.child.pid
        with open(os.path.join(self.dir, "pid")) as f:
            return int(f.read())

    def alive(self):
        """Whether it still runs."""
        try:
            with open("/proc/%d/stat" % self.pid()) as f:
                return f.read().rpartition(")")[2].split()[0] not in "ZX"
        except (OSError, ValueError):
            return False

    def stop(self):
        """End it, whatever it does."""
        if self.daemon and self.alive():
            os.kill(self.pid(), signal.SIGKILL)
        tap.stop(self.child)

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


def said_by(clients):
    """What clients print, once they are done."""
    return clients.communicate(timeout=60 * tap.SLOW)[0].decode().strip()


def ends(server, sig, clients, origin):
    """The exit status after a signal that is to end a server."""
    return server.end(sig)


def reloads(server, sig, clients, origin):
    """After a signal that makes tinyproxy read its configuration again."""
    os.kill(server.pid(), sig)
    time.sleep(0.5)
    found = [said_by(fetcher(server, origin, 0, 5)), server.alive()]
    with open(server.log, errors="replace") as f:
        found.append(f.read().count("Reloading config file finished"))
    if clients:
        found.append(said_by(clients))
    # The one in the background has no parent that could tell its status.
    os.kill(server.pid(), signal.SIGTERM)
    end = time.monotonic() + 10 * tap.SLOW
    while server.alive() and time.monotonic() < end:
        time.sleep(0.02)
    return found + [server.alive()]


def signals(name, prefix, origin, tmp):
    """What each signal does, to a server that idles and to one at work."""
    cases = [(signal.SIGTERM, ends, False), (signal.SIGINT, ends, False),
             (signal.SIGHUP, ends, False)]
    if name == "tinyproxy":
        # In the foreground SIGHUP ends it.
        cases += [(signal.SIGUSR1, reloads, False),
                  (signal.SIGHUP, reloads, True)]
    found = {}
    for busy in (False, True):
        for sig, judge, daemon in cases:
            what = "%s, %s%s" % (sig.name, "at work" if busy else "idle",
                                 ", in the background" if daemon else "")
            server = Server(name, prefix, tmp, daemon)
            clients = None
            try:
                if not server.ready():
                    found[what] = "did not start: " + server.errors()
                    continue
                if busy:
                    clients = fetcher(server, origin, 0, 20)
                    time.sleep(1.0)
                else:
                    time.sleep(0.2)
                found[what] = judge(server, sig, clients, origin)
            finally:
                tap.stop(clients)
                server.stop()
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
    for kind, prefix in (("native", tap.native()),
                         ("mixio", tap.mixio("--stats"))):
        server = Server(name, prefix, tmp)
        try:
            if not server.ready():
                tap.ok(False, "%s, %s: starts" % (name, kind))
                tap.say(server.errors())
                return
            got[kind] = g = load(server, origin)
            g["alive"] = server.alive()
            server.end(signal.SIGTERM)
            g["errors"] = server.errors()
        finally:
            server.stop()
        tap.say("%-10s %-7s %4d transfers of %d, %6.2f s, %4d kernel threads,"
                " %6.1f KiB resident for each" % (
                    name, kind, g["good"], N, g["seconds"], g["threads"],
                    g["each"]))
    stats = re.search("mixio: stats.*", got["mixio"]["errors"])
    if stats:
        tap.say(stats.group(0))
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
    for what in want:
        if not tap.ok(want[what] == have[what], "%s: %s" % (name, what)):
            tap.say("native: %r\nmixio: %r" % (want[what], have[what]))


if __name__ == "__main__":
    main()
