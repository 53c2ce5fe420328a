#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb/mixio-gdb.py: green threads of a live process and of a core file."""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from _common import HERE, LIMIT, Program  # noqa: E402
import tap  # noqa: E402

SCRIPT = str(tap.SRCDIR / "gdb" / "mixio-gdb.py")
NAMES = ("debuggee", "answers", "in-recv", "in-lock", "in-flock", "in-loop",
         "in-raw-call")
WANTED = (
    ("debuggee", r"parked in recv\(\d+\)", ("recv", "waits_in_recv",
                                            "main_parks", "main")),
    ("in-recv", r"parked in recv\(\d+\)", ("recv", "waits_in_recv", "run")),
    ("in-lock", r"parked in pthread_mutex_lock\(0x\w+\)",
     ("waits_in_lock", "run")),
    ("in-flock", r"hopped in flock\(\d+\)", ("flock", "sits_in_flock", "run")),
    ("in-loop", "running", ("computes", "run")),
    ("in-raw-call", "running", ("sits_in_raw_call", "run")))


def gdb(target, *commands):
    """What gdb prints, each command's output behind a mark."""
    words = ["gdb", "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off",
             "-iex", "set auto-load safe-path /"] + target
    words += ["-ex", "source " + SCRIPT]
    for i, c in enumerate(commands):
        words += ["-ex", "echo \\n@%d\\n" % i, "-ex", c]
    done = subprocess.run(words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT,
                          universal_newlines=True, errors="replace",
                          stdin=subprocess.DEVNULL, env=tap.environment())
    parts = re.split(r"^@\d+\n", done.stdout, flags=re.M)
    if len(parts) != len(commands) + 1:
        tap.say(done.stdout)
        return [""] * len(commands)
    return parts[1:]


def stack_has(text, functions):
    """Frames of these functions, in this order, each once a line."""
    names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", text, re.M)
    at = 0
    for f in functions:
        if f not in names[at:]:
            return False
        at = names.index(f, at) + 1
    return True


def check(what, target, briefly=False):
    listed, everything = gdb(target, "info mixio threads", "mixio bt all")
    lines = {m.group(3): (m.group(1), m.group(2), m.group(4)) for m in
             re.finditer(r'^(\d+) +(\d+) +"(.*)" (.*)$', listed, re.M)}
    good = sorted(lines) == sorted(NAMES)
    if not good:
        tap.say(listed)
    tap.ok(good, what + ": info mixio threads lists all")
    tap.ok(all(stack_has(everything, f) for _, _, f in WANTED),
           what + ": mixio bt all")
    if not good or briefly:
        return
    for i, by in enumerate(("number", "tid")):
        parts = gdb(target, *["mixio bt " + lines[name][i]
                              for name, _, _ in WANTED])
        good = True
        for (name, state, functions), part in zip(WANTED, parts):
            head = '"%s" %s' % (name, lines[name][2].split(" for ")[0])
            if not (re.match(state, lines[name][2]) and
                    head in part and stack_has(part, functions) and
                    len(re.findall(r"^#0 ", part, re.M)) == 1):
                tap.say("%s: %s\n%s" % (name, lines[name], part))
                good = False
        tap.ok(good, "%s: mixio bt by %s: whole stacks" % (what, by))
    n = lines["in-recv"][0]
    chosen, local, back, wrong, no_number = gdb(
        target, "mixio thread " + n, "bt", "mixio thread\nbt",
        "mixio bt 99999", "mixio bt")
    tap.ok('"in-recv"' in chosen and
           stack_has(local, ("recv", "waits_in_recv", "run")),
           what + ": mixio thread N, bt")
    tap.ok("waits_in_recv" not in back.split("main_parks")[0],
           what + ": mixio thread takes it back")
    tap.ok("no green thread 99999" in wrong and "which thread?" in no_number,
           what + ": which thread it is that is not there")


def main_parks(pid):
    """Wait until the main thread does, which has just said that it will."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        text, = gdb(["-p", str(pid)], "info mixio threads")
        if re.search(r'^\d+ +\d+ +"debuggee" (?!running)', text, re.M):
            return
    tap.say("the main thread does not park")


def core_of(program, where):
    """A core file by the kernel, or by gdb where it goes elsewhere."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    by_kernel = not pattern.startswith("|") and "/" not in pattern
    options = [] if by_kernel else ["--debug"]

    def unlimited():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    with Program(tap.mixio(*options) + [program, "park"], cwd=where,
                 preexec_fn=unlimited if by_kernel else None) as p:
        main_parks(p.pid)
        if by_kernel:
            os.kill(p.pid, signal.SIGABRT)
            p.child.wait(LIMIT)
        else:
            gdb(["-p", str(p.pid)], "generate-core-file " + where + "/core")
    # There may be a number behind its name.
    found = sorted(Path(where).glob("core*"))
    return str(found[0]) if found else None


def main():
    if not shutil.which("gdb"):
        tap.bail_out("no gdb: run scripts/setup")
    program = tap.compile_c(HERE / "debuggee.c", "-ldl")
    with Program(tap.mixio() + [program, "park"]) as p:
        main_parks(p.pid)
        check("process", ["-p", str(p.pid)])
        tap.ok(p.answers() and p.end() == 0, "process: it goes on")
    with tempfile.TemporaryDirectory() as where:
        core = core_of(program, where)
        if tap.ok(core is not None, "a core file"):
            check("core", [program, core])
        # gdb's own, with the guards that it can step over.
        with Program(tap.mixio("--debug") + [program, "park"]) as p:
            main_parks(p.pid)
            made = where + "/made"
            gdb(["-p", str(p.pid)], "generate-core-file " + made)
        check("gdb's core", [program, made], True)
    text, = gdb([program], "info mixio threads")
    tap.ok("there is no process and no core file" in text, "no process")
    with subprocess.Popen(["sleep", "100"]) as child:
        text, = gdb(["-p", str(child.pid)], "info mixio threads")
        child.kill()
    tap.ok("mixio is not in this program" in text, "a program without mixio")
    tap.done()


if __name__ == "__main__":
    main()
