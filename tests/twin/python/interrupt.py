# SPDX-License-Identifier: MIT
# twin: timeout=60
"""
Ctrl-C in a Python main thread that waits, in each of many calls.  The program
itself is run by this one, by way of $TWIN_RUN if that is set.
"""
import os
import signal
import subprocess
import sys
import time

CALLS = ["recv", "recv timeout", "accept", "sleep", "lock", "lock timeout",
         "event", "condition", "join", "select", "poll", "epoll", "read",
         "waitpid", "computing", "pause"]


def start(args):
    here = os.path.dirname(os.path.abspath(__file__))
    prefix = os.environ.get("TWIN_RUN", "").split("\x1f")
    return subprocess.Popen(
        [p for p in prefix if p] +
        [sys.executable, os.path.join(here, "_interrupt.py")] + args,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(name, p):
    # Once to wake it; it must not need a second one.
    os.kill(p.pid, signal.SIGINT)
    try:
        out, err = p.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        out += b"no end"
    text = out.decode().replace("\n", "; ")
    print(name, p.returncode, text,
          "KeyboardInterrupt" in err.decode(), flush=True)


for extra in ([], ["spin"]):
    some = CALLS if not extra else ["recv", "sleep", "lock", "join", "select"]
    running = []
    for call in some:
        running.append((call, start([call] + extra)))
    for call, p in running:
        p.stdout.readline()
    time.sleep(0.5)
    for call, p in running:
        finish(" ".join([call] + extra), p)
