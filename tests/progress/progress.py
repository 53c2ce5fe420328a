#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No thread stops the others: a sleeper beside threads that are busy.

Prints TAP.  The 99th percentile of a sleep of 10 ms must stay under 60 ms, or
under twice what it is natively in the same run.
"""
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
LIMIT_MS = 60.0

CASES = [
    ("a C loop", ["loop"]),
    ("a private blocking system call", ["syscall"]),
    ("main in a C loop", ["main"]),
    ("a C loop and a private system call", ["two"]),
    ("a Python loop", None),
]


def measure(command):
    """Run a program; the figures it prints, its exit status, its stderr."""
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=40 * tap.SLOW,
                             env=tap.environment())
    except subprocess.TimeoutExpired as error:
        return {}, "no end", (error.stderr or b"").decode()
    figures = dict(re.findall(r"(\w+)=([\d.]+)", run.stdout.decode()))
    return ({k: float(v) for k, v in figures.items()}, run.returncode,
            run.stderr.decode(errors="replace"))


def main():
    program = tap.compile_c(HERE / "busy.c")
    for name, args in CASES:
        command = ([program] + args if args else
                   [sys.executable, str(HERE / "busy_python.py")])
        figures = {}
        for kind, prefix in (("native", tap.native()),
                             ("mixio", tap.mixio("--stats"))):
            got, status, err = measure(prefix + command)
            figures[kind] = got
            tap.say("%-7s %-36s p50 %6.2f ms, p99 %6.2f ms, max %6.2f ms"
                    % (kind, name, got.get("p50", -1), got.get("p99", -1),
                       got.get("max", -1)))
            if kind == "mixio":
                stats = re.search(r"mixio: stats.*", err)
                tap.say(stats.group(0) if stats else err[-2000:])
        # A machine that is short of processors stalls native threads, too.
        limit = max(LIMIT_MS * tap.SLOW,
                    2 * figures["native"].get("p99", 0.0))
        tap.ok(status == 0 and figures["mixio"].get("p99", 1e9) < limit,
               "beside %s: p99 %.1f ms" % (
                   name, figures["mixio"].get("p99", -1)))
    tap.done()


if __name__ == "__main__":
    main()
