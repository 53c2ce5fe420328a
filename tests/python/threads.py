#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2,000 Python threads, one HTTP request of 100 ms each, every CPython found.

Every reply must be right, with at most 4 kernel threads (the address is
numeric, so no helpers are needed).  The wall time is printed; with
MIXIO_TIME_LIMIT=SECONDS it is checked, too.

Interpreters: $MIXIO_PYTHONS (separated by blanks or colons), else those on
PATH and those that pyenv has, from 3.8 on.
"""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
THREADS = int(os.environ.get("MIXIO_PYTHON_THREADS", "2000"))
LIMIT = os.environ.get("MIXIO_TIME_LIMIT")


def run(prefix, python, port):
    """Run the client: what it printed, peak kernel threads, wall time."""
    begin = time.monotonic()
    child = subprocess.Popen(
        prefix + [python, str(HERE / "client.py"), str(port), str(THREADS)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=tap.environment())
    sampler = tap.Sampler(child.pid, 0.01)
    sampler.start()
    try:
        out, err = child.communicate(timeout=120 * tap.SLOW)
        status = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        status = "no end"
    sampler.stop()
    return (out.decode(), err.decode(errors="replace"), status,
            sampler.threads, sampler.rss, time.monotonic() - begin)


def main():
    if not tap.raise_nofile(THREADS + 500):
        tap.bail_out("the limit of open files is too low")
    found = tap.pythons()
    if not found:
        tap.bail_out("no CPython from 3.8 on")
    server = subprocess.Popen([tap.compile_c(HERE / "server.c"), "100"],
                              stdout=subprocess.PIPE, env=tap.environment())
    try:
        port = int(server.stdout.readline())
        for version, path in found:
            name = "CPython %d.%d.%d" % version
            for kind, prefix in (("native", tap.native()),
                                 ("mixio", tap.mixio())):
                out, err, status, threads, rss, wall = run(prefix, path, port)
                figures = dict(re.findall(r"(\w+)=([\d.]+)", out))
                good = int(figures.get("good", 0))
                seconds = float(figures.get("seconds", -1))
                tap.say("%-15s %-7s %6.3f s (%5.2f s with start and end), "
                        "%4d kernel threads, %4d MB"
                        % (name, kind, seconds, wall, threads, rss // 1024))
                if kind == "native":
                    continue
                if not tap.ok(status == 0 and good == THREADS,
                              "%s: %d right replies of %d" % (name, good,
                                                              THREADS)):
                    tap.say("status %s\n%s%s" % (status, out[-1000:],
                                                 err[-2000:]))
                tap.ok(0 < threads <= 4, "%s: %d kernel threads at most"
                       % (name, threads))
                if LIMIT:
                    tap.ok(0 < seconds < float(LIMIT), "%s: %.2f s"
                           % (name, seconds))
    finally:
        tap.stop(server)
    tap.done()


if __name__ == "__main__":
    main()
