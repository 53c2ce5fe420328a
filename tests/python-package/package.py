#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests of the Python package, by every CPython found (see tap.pythons).

    package.py [-k WORD] [TEST_FILE...]

Tests of other projects' loops need these installed; the interpreter of
$MIXIO_VENV [.venv] is asked first, scripts/setup makes it.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
LIMIT = 400 * tap.SLOW


def environment():
    """The package of the source tree, with the object of the build tree."""
    return tap.environment(
        PYTHONPATH=str(tap.SRCDIR / "python"), PYTHONFAULTHANDLER="1",
        MIXIO_LIB=os.environ.get("MIXIO_OBJECT") or
        str(tap.BUILDDIR / ".libs" / "libmixio.so"))


def run(python, name, files):
    """All files by one interpreter; its lines become ours."""
    child = subprocess.Popen(
        [python, "-X", "dev", "-m", "mixio", str(HERE / "suite.py")] +
        [str(f) for f in files],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(),
        stdin=subprocess.DEVNULL, universal_newlines=True, errors="replace")
    ended = False
    try:
        for line in child.stdout:
            kind, _, rest = line.rstrip("\n").partition(" ")
            if kind == "ok":
                tap.ok(True, name + rest)
            elif line.startswith("not ok "):
                tap.ok(False, name + line[7:].strip())
            elif kind == "skip":
                tap.skip(name + rest)
            elif line == "done\n":
                ended = True
            else:
                tap.say(line.rstrip("\n"))
        status = child.wait(LIMIT)
    finally:
        tap.stop(child)
    if status != 0 or not ended:
        tap.ok(False, "%scomes to its end (status %s)" % (name, status))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    files = [Path(f).resolve() for f in args.files] or \
        sorted(HERE.glob("test_*.py"))
    found = [("CPython %d.%d.%d: " % v, p) for v, p in tap.pythons()]
    if not found:
        tap.bail_out("no CPython from 3.8 on")
    for name, python in found:
        run(python, name, files)
    tap.done()


if __name__ == "__main__":
    main()
