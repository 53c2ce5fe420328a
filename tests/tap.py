# SPDX-License-Identifier: MIT
"""TAP and processes for tests written in Python."""
import glob
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Set, Tuple

__all__ = [
    # results
    "ok", "skip", "say", "done", "bail_out",
    # how programs are run
    "SRCDIR", "BUILDDIR", "SLOW", "native", "mixio", "compile_c", "environment",
    "raise_nofile", "pythons", "rss", "Sampler", "stop",
]

TESTS = Path(__file__).resolve().parent
SRCDIR = TESTS.parent
BUILDDIR = Path(os.environ.get("MIXIO_BUILDDIR", ".")).resolve()
SLOW = float(os.environ.get("MIXIO_TEST_SLOW", "1"))

_count = 0
_failed = 0
_lock = threading.Lock()


def ok(good: bool, name: str) -> bool:
    """Print one result."""
    global _count, _failed
    with _lock:
        _count += 1
        _failed += not good
        print("%sok %d - %s" % ("" if good else "not ", _count, name),
              flush=True)
    return bool(good)


def skip(name: str) -> None:
    """Print a result that is none; name ends in "# WHY"."""
    global _count
    with _lock:
        _count += 1
        what, _, why = name.partition(" # ")
        print("ok %d - %s # SKIP %s" % (_count, what, why), flush=True)


def say(text: str) -> None:
    """Print text as a comment."""
    with _lock:
        for line in str(text).splitlines():
            print("# " + line, flush=True)


def done() -> None:
    """Print the plan and exit."""
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed else 0)


def bail_out(why: str) -> None:
    """Give up: the test cannot be run at all."""
    print("Bail out! " + why, flush=True)
    sys.exit(1)


def native() -> List[str]:
    """Command prefix of a native run."""
    return shlex.split(os.environ.get("TWIN_NATIVE", ""))


def mixio(*options: str) -> List[str]:
    """Command prefix of a run under mixio."""
    override = os.environ.get("TWIN_MIXIO")
    if override:
        return shlex.split(override)
    launcher = os.environ.get("MIXIO", str(BUILDDIR / "mixio"))
    if not os.access(launcher, os.X_OK):
        bail_out("no launcher at %s: build first, or set MIXIO" % launcher)
    return [os.path.abspath(launcher), "run", *options, "--"]


def environment(**extra: str) -> Dict[str, str]:
    """The environment for a program: nothing of mixio's in it."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("LD_PRELOAD", "MIXIO_RUN", "MIXIO_FOLLOW")}
    env.update(LC_ALL="C", PYTHONDONTWRITEBYTECODE="1", **extra)
    return env


def compile_c(source: Path, *flags: str) -> str:
    """Compile a C program into the build directory; its path."""
    outdir = BUILDDIR / "tests" / source.parent.name / "bin"
    outdir.mkdir(parents=True, exist_ok=True)
    target = outdir / source.stem
    newest = max(p.stat().st_mtime for p in
                 [source, *source.parent.glob("*.h")])
    if target.exists() and target.stat().st_mtime > newest:
        return str(target)
    command = shlex.split(os.environ.get("CC", "gcc")) + [
        "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra",
        "-Wno-unused-parameter", "-pthread", str(source), "-o", str(target),
        *flags]
    made = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if made.returncode != 0:
        bail_out("cannot compile %s: %s" % (source.name,
                                            made.stdout.decode()[:500]))
    return str(target)


def raise_nofile(wanted: int) -> bool:
    """Raise the soft limit of open files; False if the hard one is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return False
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True


def _candidates() -> List[str]:
    """Names of programs that may be a CPython."""
    named = os.environ.get("MIXIO_PYTHONS")
    if named:
        return re.split(r"[\s:]+", named.strip())
    found = ["python3"] + ["python3.%d" % n for n in range(8, 20)] + \
        ["python3.%dt" % n for n in range(13, 20)]  # free-threaded ones
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE)
        found += glob.glob(root.stdout.decode().strip() +
                           "/versions/*/bin/python3")
    return found


def pythons() -> List[Tuple[Tuple[int, int, int], str]]:
    """(version, real path) of each interpreter, once, oldest first.

    Those of $MIXIO_PYTHONS, else those on PATH and those that pyenv has.
    """
    found = {}
    for name in _candidates():
        try:
            asked = subprocess.run(
                [name, "-c", "import sys; print(*sys.version_info[:3], "
                 "sys.implementation.name, sys.executable)"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
            a, b, c, kind, path = asked.stdout.decode().split()
        except (OSError, ValueError, subprocess.TimeoutExpired):
            continue
        version = (int(a), int(b), int(c))
        if kind == "cpython" and version >= (3, 8):
            found[os.path.realpath(path)] = version
    return sorted((v, p) for p, v in found.items())


class Sampler(threading.Thread):
    """Looks at a process again and again: kernel threads and memory.

    A kernel thread counts when it is there in three looks running. libc makes a
    new green thread's stack and TLS on a kernel task that ends at once; while
    thousands are made one such task is there at any time.
    """

    def __init__(self, pid: int, interval: float = 0.005) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.interval = interval
        self.threads = 0
        self.rss = 0
        self._end = threading.Event()
        self._seen: List[Set[str]] = [set(), set()]

    def look(self) -> None:
        """One sample: peaks of the number of tasks and of VmRSS in KiB."""
        try:
            tids = set(os.listdir("/proc/%d/task" % self.pid))
            lasting = tids & self._seen[0] & self._seen[1]
            self._seen = [self._seen[1], tids]
            self.threads = max(self.threads, len(lasting))
            self.rss = max(self.rss, rss(self.pid))
        except OSError:
            pass

    def run(self) -> None:
        while not self._end.wait(self.interval):
            self.look()

    def stop(self) -> None:
        """End the sampling."""
        self._end.set()
        self.join()


def rss(pid: int) -> int:
    """Resident memory of a process in KiB."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def stop(child: Optional[subprocess.Popen]) -> None:
    """End a child that is still there."""
    if child is not None and child.poll() is None:
        child.kill()
        child.wait()
