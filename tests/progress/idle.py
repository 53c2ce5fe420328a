#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An idle program makes no system calls under mixio (strace, 3 s)."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
WINDOW = 3.0
# Spare kernel threads may go away some time after the last work.
SETTLE = float(os.environ.get("MIXIO_IDLE_SETTLE", "12"))

PYTHON = """
import os, socket, threading
a, b = socket.socketpair()
for target in (lambda: a.recv(1), threading.Event().wait,
               lambda: threading.Lock().__enter__()) * 5:
    threading.Thread(target=target, daemon=True).start()
print(os.getpid(), flush=True)
b.recv(1)
"""


def calls_while_idle(command, trace):
    """The lines of strace in the window, or None if it did not start."""
    child = subprocess.Popen(
        ["strace", "-f", "-qq", "-ttt", "-o", trace] + command,
        stdout=subprocess.PIPE, env=tap.environment())
    try:
        line = child.stdout.readline().strip()
        if not line:
            return None
        time.sleep(SETTLE)
        begin = time.time()
        time.sleep(WINDOW)
        end = time.time()
        os.kill(int(line), signal.SIGKILL)
        child.wait(20)
    finally:
        tap.stop(child)
    found = []
    with open(trace, errors="replace") as f:
        for line in f:
            match = re.match(r"(\d+) +(\d+\.\d+) (.*)", line)
            if match and begin <= float(match.group(2)) < end:
                found.append(match.group(1) + " " + match.group(3))
    return found


def main():
    if not shutil.which("strace"):
        tap.bail_out("strace is not installed")
    program = tap.compile_c(HERE / "idle.c")
    cases = [("main in pause", [program, "pause"]),
             ("main in accept", [program, "accept"]),
             ("Python main in recv", [sys.executable, "-c", PYTHON])]
    with tempfile.TemporaryDirectory() as tmp:
        for name, command in cases:
            calls = calls_while_idle(tap.mixio() + command,
                                     os.path.join(tmp, "trace"))
            if calls is None:
                tap.ok(False, name + ": did not start")
                continue
            tap.ok(len(calls) == 0, "%s: %d system calls in %g s of idleness"
                   % (name, len(calls), WINDOW))
            for call in calls[:20]:
                tap.say(call)
    tap.done()


if __name__ == "__main__":
    main()
