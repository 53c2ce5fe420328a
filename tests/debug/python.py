#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Python programs seen from outside, by every CPython found (tap.pythons): the
dump of a signal, and py-spy, which scripts/setup installs in $MIXIO_VENV
[.venv]."""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from _common import HERE, LIMIT, Program  # noqa: E402
import tap  # noqa: E402

PROGRAM = str(HERE / "busy.py")
MAIN = {"park": ("main_parks", "parked in recv"),
        "loop": ("main_loops", "running"),
        "hold": ("main_holds", "running"),
        "hop": ("main_hops", "hopped in flock")}


def functions(text):
    """Names of Python functions, innermost first, of each thread of a dump."""
    found = []
    for part in re.split(r"^thread ", text, flags=re.M)[1:]:
        found.append((part.split("\n")[0], re.findall(
            r'^      File ".*", line \d+, in (.*)$', part, re.M)))
    return found


def whole(stacks, leaf):
    """One stack is that of the thread that waits in leaf, and is whole."""
    return [s for s in stacks if leaf in s and s.count("nested") == 3 and
            s.index(leaf) == s.index("nested") - 1 and
            any("_bootstrap" in f for f in s) and "<module>" not in s]


def by_signal(python, name, modes):
    for mode in modes:
        function, state = MAIN[mode]
        with Program(tap.mixio("--dump-signal", "QUIT") +
                     [python, PROGRAM, mode], env=tap.environment()) as p:
            time.sleep(0.1)
            text = p.dump(sig=3)
            dumped = functions(text)
            stacks = [f for _, f in dumped]
            mains = [(line, f) for line, f in dumped if "<module>" in f]
            good = len(mains) == 1 and state in mains[0][0] and \
                mains[0][1] == [function, "<module>"] and \
                all(len(whole(stacks, leaf)) == 1
                    for leaf in ("in_bytes", "in_event", "in_sleep"))
            if not good:
                tap.say(text)
            tap.ok(good, "%smain thread %s: the Python stack of each thread"
                   % (name, mode))
            if mode in ("park", "hop"):
                tap.ok(p.answers() and p.end() == 0,
                       "%smain thread %s: it goes on" % (name, mode))


def spy():
    venv = Path(os.environ.get("MIXIO_VENV", tap.SRCDIR / ".venv"))
    for path in (venv / "bin" / "py-spy", "py-spy"):
        try:
            subprocess.run([str(path), "--version"], check=True,
                           stdout=subprocess.DEVNULL)
            return str(path)
        except (OSError, subprocess.CalledProcessError):
            pass
    return None


def by_py_spy(python, name, command):
    with Program(tap.mixio() + [python, PROGRAM, "park"],
                 env=tap.environment()) as p:
        done = subprocess.run([command, "dump", "--pid", str(p.pid)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, timeout=LIMIT)
        parts = re.split(r"^Thread ", done.stdout, flags=re.M)[1:]
        stacks = [re.findall(r"^    (\S+) \(", part, re.M) for part in parts]
        good = len(parts) == 5 and \
            ["main_parks", "<module>"] in stacks and \
            all(len(whole(stacks, leaf)) == 1
                for leaf in ("in_bytes", "in_event", "in_sleep"))
        if not good:
            tap.say("status %d\n%s" % (done.returncode, done.stdout))
        tap.ok(good, name + "py-spy dump: the stack of each thread")
        tap.ok(p.answers() and p.end() == 0, name + "it goes on")


def main():
    command = spy()
    if command is None:
        tap.bail_out("no py-spy: run scripts/setup, or set MIXIO_VENV")
    found = [(v, "CPython %d.%d.%d: " % v, p) for v, p in tap.pythons()]
    if not found:
        tap.bail_out("no CPython from 3.8 on")
    for version, name, python in found:
        # What depends on the version is how frames are read.
        by_signal(python, name, MAIN if version == found[-1][0] else
                  ("park", "hold"))
        if version < (3, 14):
            by_py_spy(python, name, command)
    tap.done()


if __name__ == "__main__":
    main()
