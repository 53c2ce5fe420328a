#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Threads of other languages: Ruby, Perl, Rust, C++20.

Each program below runs natively and under mixio; what it prints and how it
ends must be equal.  While N of its threads wait in all the ways that the
language has, it counts the kernel threads of its process and says so on
standard error: natively more than N, under mixio no more than the helpers
and three.  Prints TAP.

MIXIO_LANGUAGES_RUNS sets the number of runs under mixio of each (3).
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

HERE = Path(__file__).resolve().parent
RUNS = int(os.environ.get("MIXIO_LANGUAGES_RUNS", "3"))
THREADS = 50

# What an interpreter is called, or what compiles the source.
INTERPRETERS = {".rb": "ruby", ".pl": "perl"}
COMPILERS = {
    ".rs": ["rustc", "--edition", "2021", "-O"],
    ".cc": [*shlex.split(os.environ.get("CXX", "g++")), "-std=gnu++20", "-O2",
            "-g", "-Wall", "-Wextra", "-pthread"],
}


def command(source):
    """How to start a program, compiled if need be; None: it cannot be."""
    if source.suffix in INTERPRETERS:
        found = shutil.which(INTERPRETERS[source.suffix])
        return found and [found, str(source)]
    compiler = COMPILERS[source.suffix]
    if not shutil.which(compiler[0]):
        return None
    outdir = tap.BUILDDIR / "tests" / "languages" / "bin"
    outdir.mkdir(parents=True, exist_ok=True)
    target = outdir / source.name.replace(".", "-")
    if not target.exists() or \
            target.stat().st_mtime < source.stat().st_mtime:
        made = subprocess.run([*compiler, "-o", str(target), str(source)],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if made.returncode != 0:
            tap.say(made.stdout.decode(errors="replace")[-3000:])
            return None
    return [str(target)]


def run(argv):
    """One run: output, status, kernel threads while it waited, messages."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=tap.environment(), start_new_session=True)
    try:
        out, err = child.communicate(timeout=90 * tap.SLOW)
        status = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        status = "no end"
    said = err.decode(errors="replace")
    tasks = re.search(r"^tasks=(\d+)$", said, re.M)
    return out.decode(errors="replace"), status, \
        int(tasks.group(1)) if tasks else 0, said


def difference(want, have):
    """The first lines in which two outputs differ."""
    pairs = zip(want.splitlines() + ["(end)"], have.splitlines() + ["(end)"])
    for a, b in pairs:
        if a != b:
            return "native: %s\nmixio:  %s" % (a, b)
    return ""


def compare(source):
    """Run a program both ways and judge."""
    argv = command(source)
    name = source.suffix[1:]
    if not tap.ok(argv, "%s: can be run" % name):
        return
    want, status, native, said = run(tap.native() + argv)
    if not tap.ok(status == 7 and native > THREADS,
                  "%s: native, %d kernel threads for %d"
                  % (name, native, THREADS)):
        tap.say("status %s\n%s%s" % (status, want[-1500:], said[-1500:]))
        return
    for n in range(RUNS):
        have, ended, tasks, said = run(tap.mixio("--stats") + argv)
        if not tap.ok(have == want and ended == status,
                      "%s: equal under mixio, run %d" % (name, n + 1)):
            tap.say("native status %s, mixio status %s" % (status, ended))
            tap.say(difference(want, have))
            tap.say(said[-2000:])
        stats = dict(re.findall(r"(\w+)=(\d+)", said))
        helpers = int(stats.get("helpers_peak", 0))
        if not tap.ok(0 < tasks <= helpers + 3 and
                      int(stats.get("peak", 0)) > THREADS,
                      "%s: %d kernel threads" % (name, tasks)):
            tap.say(said[-2000:])


def main():
    # Those that compile while others would wait go first.
    for source in sorted(HERE.glob("threads.*")):
        if source.suffix in INTERPRETERS or source.suffix in COMPILERS:
            compare(source)
    tap.done()


if __name__ == "__main__":
    main()
