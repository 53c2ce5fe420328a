#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mixio run --dump-signal, with C programs: what a dump shows, whatever the
program does, and that it does the program no harm."""
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from _common import HERE, LIMIT, Program, has, threads  # noqa: E402
import tap  # noqa: E402

DURATION = r" for \d+\.\d\d\d s$"


def dumping(*options, sig="USR1"):
    return tap.mixio("--dump-signal", sig, *options)


def all_there(found):
    return (
        has(found, "in-recv", r"parked in recv\(\d+\)" + DURATION,
            "recv", "waits_in_recv", "run") and
        has(found, "in-lock", r"parked in pthread_mutex_lock\(0x.*\)" +
            DURATION, "waits_in_lock", "run") and
        has(found, "in-flock", r"hopped in flock\(\d+\)" + DURATION,
            "flock", "sits_in_flock", "run") and
        has(found, "in-loop", "running", "computes", "run") and
        has(found, "in-raw-call", r"running in system call \d+",
            "sits_in_raw_call", "run"))


def modes(program):
    """Wherever the main thread is."""
    for mode, state, functions in (
            ("park", r"parked in recv\(\d+\)" + DURATION,
             ("recv", "waits_in_recv", "main_parks", "main")),
            ("busy", "running", ("computes", "main")),
            ("hop", r"hopped in flock\(\d+\)" + DURATION,
             ("flock", "sits_in_flock", "main"))):
        with Program(dumping() + [program, mode]) as p:
            time.sleep(0.1)
            found = threads(p.dump())
            tap.ok(all_there(found) and has(found, "debuggee", state,
                                            *functions),
                   "main thread %s: every thread with its stack" % mode)
            again = threads(p.dump(count=2))
            tap.ok(sorted(found) == sorted(again) and p.answers(),
                   "main thread %s: and once more" % mode)
            tap.ok(p.end() == 0, "main thread %s: it ends as ever" % mode)


def deaf(program):
    with Program(dumping(sig="SIGRTMIN+2") +
                 [program, "deaf", str(signal.SIGRTMIN + 2)]) as p:
        found = threads(p.dump(sig=signal.SIGRTMIN + 2))
        tap.ok(all_there(found), "a program that blocks and handles it")
        tap.ok(p.answers() and p.end() == 0, "whose handler does not run")


def forked(program):
    with Program(dumping() + [program, "fork"]) as p:
        pid = int(next(w for w in p.said if w.startswith("pid "))[4:])
        text = p.dump(pid)
        tap.ok("dump of process %d: " % pid in text and
               all_there(threads(text)), "the child of a fork")
        text = p.dump(count=2)
        tap.ok("dump of process %d: " % p.pid in text and
               has(threads(text), "in-recv", "parked", "waits_in_recv"),
               "its parent, which waits for it")
        tap.ok(p.end() == 0, "both end")


def many(program):
    n = 3000
    with Program(dumping() + [program, "many", str(n)]) as p:
        text = p.dump()
        tap.ok(text.count('"in-recv" parked in recv') == n + 1 and
               text.count("waits_in_recv") >= n + 1,
               "%d threads more" % n)
        tap.ok(p.answers() and p.end() == 0, "which go on")


def not_read(program):
    """A pipe that is full holds up the dump, but not the program."""
    r, w = os.pipe()
    room = fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
    with Program(dumping() + [program, "many", "200"], stderr=w) as p:
        os.close(w)
        os.kill(p.pid, signal.SIGUSR1)
        time.sleep(0.2)
        tap.ok(p.answers(), "nobody reads the dump: the program goes on")
        got = b""
        while b"end of dump" not in got:
            piece = os.read(r, 65536)
            if not piece:
                break
            got += piece
        tap.ok(len(got) > room and got.count(b'"in-recv" parked') == 201,
               "and the dump is whole when somebody does")
        tap.ok(p.end() == 0, "it ends")
    os.close(r)


def itself(program):
    with Program(tap.mixio() + [program, "self", "5"]) as p:
        words = next((s for s in p.said if s.startswith("dumped")), "").split()
        tap.ok(len(words) == 3 and words[1] == "0" and
               int(words[2]) > 5 * 200 * 100,
               "mixio_dump() into a pipe that another thread reads")
        p.end()


def storm(program):
    """Dumps at any moment do not change what the program does."""
    seed = int(os.environ.get("MIXIO_SEED", random.randrange(1 << 32)))
    rng = random.Random(seed)
    tap.say("seed %d" % seed)
    child = subprocess.Popen(dumping() + [program], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, universal_newlines=True)
    first = child.stdout.readline()
    n = 0
    end = time.monotonic() + 3
    while child.poll() is None and time.monotonic() < end:
        os.kill(child.pid, signal.SIGUSR1)
        n += 1
        # Its pipe is read by nobody now: dumps queue up, but few fit.
        time.sleep(rng.random() * 0.02)
    out, err = child.communicate(timeout=LIMIT)
    tap.say("%d signals, %d dumps" % (n, err.count("end of dump")))
    tap.ok(first == "begins\n" and child.returncode == 0 and
           out == "all right\n", "a program in a storm of them: status %s, %r"
           % (child.returncode, out))
    tap.ok("end of dump" in err, "which has got some dumps")


def main():
    program = tap.compile_c(HERE / "debuggee.c", "-ldl")
    modes(program)
    deaf(program)
    forked(program)
    many(program)
    not_read(program)
    itself(program)
    storm(tap.compile_c(HERE / "busy.c"))
    done = subprocess.run(tap.mixio() + ["sh", "-c", "kill -QUIT $$"])
    tap.ok(done.returncode == -signal.SIGQUIT,
           "without the option the signal is the program's")
    tap.done()


if __name__ == "__main__":
    main()
