# SPDX-License-Identifier: MIT
"""Programs that are looked at from outside, for the tests beside this file."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tap import BUILDDIR, SLOW, say, stop  # noqa: E402

HERE = Path(__file__).resolve().parent
LIMIT = 60 * SLOW


class Program:
    """One that says "ready" on standard output; standard error is in a file."""

    def __init__(self, command, stderr=None, **more):
        self.log = BUILDDIR / ("debug-%d.log" % os.getpid())
        self.err = open(self.log, "w+", errors="replace")
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=stderr or self.err, universal_newlines=True, **more)
        self.pid = self.child.pid
        self.said = []
        for line in self.child.stdout:
            self.said.append(line.strip())
            if line == "ready\n":
                break
        else:
            say("not ready: %s; %s" % (self.said, self.text()[-500:]))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        stop(self.child)
        self.err.close()
        self.log.unlink()

    def ready(self):
        return bool(self.said) and self.said[-1] == "ready"

    def text(self):
        self.err.flush()
        return self.log.read_text(errors="replace")

    def dump(self, pid=None, sig=signal.SIGUSR1, count=1):
        """Ask for a dump by the signal and wait for its end; all of them."""
        os.kill(pid or self.pid, sig)
        return self.wait_dumps(count)

    def wait_dumps(self, count=1):
        end = time.monotonic() + LIMIT
        while self.text().count("mixio: end of dump\n") < count:
            if time.monotonic() > end or self.child.poll() is not None:
                say("no dump; it said: " + self.text()[-1500:])
                return ""
            time.sleep(0.01)
        return self.text()

    def answers(self):
        """Whether it still does its work."""
        self.child.stdin.write("?\n")
        self.child.stdin.flush()
        return self.child.stdout.readline() == "here\n"

    def end(self):
        """Let it end by itself; its exit status."""
        self.child.stdin.close()
        return self.child.wait(LIMIT)


def threads(text):
    """{name: (first line, lines of its stacks)} of the last dump in text."""
    found = {}
    name = None
    for line in text.split("mixio: dump of process")[-1].splitlines():
        m = re.match(r'thread \d+ "(.*)" (.*)', line)
        if m:
            name = m.group(1)
            found[name] = (m.group(2), [])
        elif line.startswith("mixio: end"):
            break
        elif name is not None:
            found[name][1].append(line)
    return found


def has(found, name, state, *functions):
    """Whether the thread is there, in that state, called from functions."""
    first, stack = found.get(name, ("", []))
    stack = "\n".join(stack)
    at = 0
    for f in functions:
        m = re.compile(r"\b%s\b" % re.escape(f)).search(stack, at)
        if m is None:
            break
        at = m.end()
    else:
        if re.match(state, first):
            return True
    say("%s: %s\n%s" % (name, first, stack))
    return False
