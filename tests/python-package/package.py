#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests of the Python package, by every CPython found (see tap.pythons).

    package.py [--all] [TEST_FILE...]

The oldest, the newest and that of $MIXIO_VENV [.venv] run all tests; the others
run those that are marked as core, unless --all is given.  Tests that need other
projects' libraries do nothing but in $MIXIO_VENV, which scripts/setup makes.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
LIMIT = 400 * tap.SLOW


VENV = Path(os.environ.get("MIXIO_VENV") or tap.SRCDIR / ".venv")


def environment(**more):
    """The package of the source tree, with the object of the build tree."""
    return tap.environment(
        PYTHONPATH=str(tap.SRCDIR / "python"), PYTHONFAULTHANDLER="1",
        MIXIO_LIB=os.environ.get("MIXIO_OBJECT") or
        str(tap.BUILDDIR / ".libs" / "libmixio.so"), **more)


def pythons():
    """[(name, path, whether it has the libraries)], oldest first."""
    found = [(version, path, False) for version, path in tap.pythons()]
    venv = VENV / "bin" / "python3"
    if not venv.exists():
        tap.skip("the tests with other libraries # no %s: run scripts/setup"
                 % VENV)
    else:
        real = os.path.realpath(str(venv))
        asked = subprocess.run(
            [str(venv), "-c", "import sys; print(*sys.version_info[:3])"],
            stdout=subprocess.PIPE, check=True, timeout=LIMIT)
        version = tuple(int(n) for n in asked.stdout.split())
        found = [f for f in found if f[1] != real]
        found.append((version, str(venv), True))
    return [("CPython %d.%d.%d: " % v, path, libraries)
            for v, path, libraries in sorted(found)]


def run(python, name, words, **more):
    """The tests by one interpreter; its lines become ours."""
    child = subprocess.Popen(
        [python, "-X", "dev", "-m", "mixio", str(HERE / "suite.py")] + words,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(**more), stdin=subprocess.DEVNULL,
        universal_newlines=True, errors="replace")
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
    parser.add_argument("--all", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    words = [str(Path(f).resolve()) for f in
             args.files or sorted(HERE.glob("test_*.py"))]
    found = pythons()
    if not found:
        tap.bail_out("no CPython from 3.8 on")

    def one(i):
        name, python, libraries = found[i]
        complete = args.all or libraries or i in (0, len(found) - 1)
        run(python, name, words if complete else ["--core"] + words,
            **({"MIXIO_TEST_LIBRARIES": "1"} if libraries else {}))
    # Most of the time they wait, and none measures time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(len(found))))
    tap.done()


if __name__ == "__main__":
    main()
