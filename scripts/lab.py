# SPDX-License-Identifier: MIT
"""Programs under observation, for scripts/demo and bench/run.

Starts programs natively or under mixio, watches them from outside through
/proc, stops them by pid, compiles the small C programs that the build has
not made, and runs a temporary PostgreSQL. Linux, standard library only.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import pwd
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence

__all__ = [
    # places
    "TOP", "LabError", "Build", "find_python",
    # programs
    "Program", "Result", "cpu_seconds", "raise_fd_limit", "die_by_signal",
    # servers
    "port_of", "postgres", "postgres_program",
]

TOP = pathlib.Path(__file__).resolve().parent.parent


class LabError(Exception):
    """What the user is told in one line."""


class Build:
    """The products of a build tree, and what stands in for missing ones."""

    def __init__(self, where: str | os.PathLike[str] | None = None) -> None:
        where = where or os.environ.get("MIXIO_BUILD")
        if where:
            self.dir = pathlib.Path(where).resolve()
        elif (TOP / "config.status").exists():
            self.dir = TOP
        else:
            self.dir = TOP / "build"
        self.launcher = self.dir / "mixio"
        self.object = self.dir / ".libs" / "libmixio.so"
        self._own: tempfile.TemporaryDirectory[str] | None = None

    @property
    def has_mixio(self) -> bool:
        return self.launcher.exists() and self.object.exists()

    def mixio(self, *options: str) -> list[str]:
        """The words to put before a program to run it under mixio."""
        return [str(self.launcher), "run", *options, "--"]

    def program(self, name: str) -> str:
        """Path of a C program, e.g. "examples/echo".

        The build tree's own if it is up to date, else compiled here, into a
        directory that goes away with this object.
        """
        source = TOP / f"{name}.c"
        built = self.dir / name
        if built.is_file() and \
                built.stat().st_mtime >= source.stat().st_mtime:
            return str(built)
        if not self._own:
            self._own = tempfile.TemporaryDirectory(prefix="mixio-lab-")
        target = pathlib.Path(self._own.name, source.stem)
        if not target.exists():
            compiler = os.environ.get("CC", "cc").split()
            subprocess.run([*compiler, "-std=gnu11", "-O2", "-Wall", "-pthread",
                            "-o", target, source], check=True)
        return str(target)


def find_python(*modules: str) -> str:
    """An interpreter that can import the modules: the project's, or ours."""
    venv = os.environ.get("MIXIO_VENV", str(TOP / ".venv"))
    tried = []
    for python in (f"{venv}/bin/python3", sys.executable, "/usr/bin/python3"):
        if not os.access(python, os.X_OK) or python in tried:
            continue
        tried.append(python)
        code = "".join(f"import {name}\n" for name in modules)
        if subprocess.run([python, "-c", code], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise LabError(f"no Python with {', '.join(modules)}: run scripts/setup "
                   f"(tried {', '.join(tried)})")


def raise_fd_limit(need: int) -> None:
    """Lets this process and its children open as many files as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < need and os.geteuid() == 0:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (need, need))
            return
    if hard < need:
        raise LabError(f"needs {need} open files, the limit is {hard}: "
                       f"raise it (ulimit -Hn)")
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def die_by_signal() -> None:
    """Makes SIGTERM and SIGHUP unwind the stack, as Ctrl-C does."""
    def handler(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGHUP, handler)


def cpu_seconds(pid: int) -> float:
    """CPU time of a whole process in ns resolution, threads gone included."""
    # clock_getcpuclockid(3), which Python lacks: CPUCLOCK_SCHED is 2.
    return time.clock_gettime((~pid << 3) | 2)


class Result:
    """What a program did, as seen from outside."""

    def __init__(self) -> None:
        self.status = 0      # exit status, negative: the signal
        self.wall = 0.0      # s
        self.cpu = 0.0       # s, user and system
        self.threads = 0     # most kernel threads seen at once
        self.rss = 0         # most memory resident, KiB
        self.stdout = ""
        self.stderr = ""


class Program:
    """One child process.

    A context manager: leaving the block ends the program, whatever happened.
    Its own session keeps a terminal's Ctrl-C to us, who then end it by pid;
    should we be killed, the kernel ends it (start it from the main thread:
    the kernel watches the thread that forked).

    @argv: the command, native or with Build.mixio() before it.
    @cpu: the only CPU that it may use, None: all.
    @user: whom to run it as (root only).
    @orphan_signal: what the kernel sends it when we are gone.
    @watch: seconds between two looks at /proc, 0: none.
    @on_stderr: called with each line of its stderr, by another thread.
    """

    def __init__(self, argv: Sequence[str | os.PathLike[str]], *,
                 cpu: int | None = None, watch: float = 0,
                 env: dict[str, str] | None = None,
                 user: str | None = None, orphan_signal: str = "KILL",
                 on_stderr: Callable[[str], None] | None = None) -> None:
        self.name = os.path.basename(argv[0])
        self.result = Result()
        prefix = ["setpriv", "--pdeathsig", orphan_signal, "--"]
        if cpu is not None:
            prefix += ["taskset", "-c", str(cpu)]
        more = {}
        if user:
            account = pwd.getpwnam(user)
            more = {"user": account.pw_uid, "group": account.pw_gid,
                    "extra_groups": []}
        self._start = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, *argv], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})}, text=True, errors="replace",
            start_new_session=True, **more)
        self.pid = self.process.pid
        self._pidfd = os.pidfd_open(self.pid)
        self._on_stderr = on_stderr
        self._line = threading.Event()
        self._over = threading.Event()
        self._out: list[str] = []
        self._err: list[str] = []
        tasks = [self._read_stdout, self._read_stderr]
        if watch:
            tasks.append(lambda: self._watch(watch))
        self._threads = [threading.Thread(target=task, daemon=True)
                         for task in tasks]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _read_stdout(self) -> None:
        for line in self.process.stdout:
            self._out.append(line)
            self._line.set()
        self._line.set()

    def _read_stderr(self) -> None:
        for line in self.process.stderr:
            self._err.append(line)
            if self._on_stderr:
                self._on_stderr(line.rstrip("\n"))

    def _watch(self, interval: float) -> None:
        result = self.result
        pattern = re.compile(rb"^(VmHWM):\s+(\d+)", re.M)
        # A kernel thread counts when it is there in three looks running: the
        # tasks on which libc makes a new green thread's TLS end at once.
        before: list[set[str]] = [set(), set()]
        with contextlib.suppress(OSError), \
                open(f"/proc/{self.pid}/status", "rb", 0) as status:
            while not self._over.wait(interval):
                status.seek(0)
                seen = dict(pattern.findall(status.read()))
                tids = set(os.listdir(f"/proc/{self.pid}/task"))
                lasting = tids & before[0] & before[1]
                before = [before[1], tids]
                if len(lasting) > result.threads:
                    lasting = {tid for tid in lasting
                               if not self._of_the_kernel(tid)}
                result.threads = max(result.threads, len(lasting))
                result.rss = max(result.rss, int(seen.get(b"VmHWM", 0)))

    def _of_the_kernel(self, tid: str) -> bool:
        """Whether a task is one that the kernel made: io_uring's workers."""
        with contextlib.suppress(OSError), \
                open(f"/proc/{self.pid}/task/{tid}/comm", "rb") as comm:
            return comm.read().startswith(b"iou-")
        return False

    def cpu(self) -> float:
        """CPU seconds until now, of a running program."""
        return cpu_seconds(self.pid)

    def running(self) -> bool:
        return self._pidfd >= 0 and not self._ended(0)

    def _ended(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def first_line(self, timeout: float = 20) -> str:
        """The first line that it prints; LabError when there is none."""
        if self._line.wait(timeout) and self._out:
            return self._out[0].rstrip("\n")
        self.stop()
        raise LabError(f"{self.name} did not start: "
                       f"{self.result.stderr.strip() or 'it says nothing'}")

    def wait(self, timeout: float) -> Result:
        """Waits for its end; ends it after @timeout, with LabError."""
        if not self._ended(timeout):
            self.stop()
            raise LabError(f"{self.name} did not end within {timeout:.0f} s")
        return self._reap()

    def _reap(self) -> Result:
        if self._pidfd < 0:
            return self.result
        _, status, usage = os.wait4(self.pid, 0)
        self.result.wall = time.monotonic() - self._start
        self.result.status = self.process.returncode = \
            os.waitstatus_to_exitcode(status)
        self.result.cpu = usage.ru_utime + usage.ru_stime
        os.close(self._pidfd)
        self._pidfd = -1
        self._over.set()
        for thread in self._threads:
            thread.join(5)
        self.result.stdout = "".join(self._out)
        self.result.stderr = "".join(self._err)
        return self.result

    def kill(self, number: int) -> None:
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, number)

    def stop(self, number: int = signal.SIGTERM, grace: float = 5) -> Result:
        """Ends it politely, then by force. Does nothing the second time."""
        if self._pidfd < 0:
            return self.result
        for step, seconds in ((number, grace), (signal.SIGKILL, 30)):
            self.kill(step)
            if self._ended(seconds):
                break
        return self._reap()


def port_of(server: Program) -> int:
    """The port in a server's first line, "listening on ADDRESS port N"."""
    line = server.first_line()
    try:
        return int(line.rsplit(" ", 1)[1])
    except (IndexError, ValueError):
        raise LabError(f"{server.name} says {line!r}, no port") from None


def _postgres_bin() -> pathlib.Path:
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).resolve().parent
    places = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not places:
        raise LabError("no PostgreSQL server: run scripts/setup")
    return pathlib.Path(max(places, key=lambda path: int(
        path.split("/")[4].split(".")[0]))).parent


def postgres_program(name: str) -> pathlib.Path:
    """PostgreSQL's own client NAME, not a distribution's wrapper of it."""
    return _postgres_bin() / name


@contextlib.contextmanager
def postgres(connections: int, *, cpu: int | None = None) -> Iterator[str]:
    """A temporary cluster on a unix socket; gives the DSN.

    PostgreSQL refuses to run as root, so root starts it as another user.
    """
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = next((n for n in ("postgres", "nobody") if n in names), None)
        if not user:
            raise LabError("PostgreSQL needs a user postgres or nobody")
    binaries = _postgres_bin()
    # Not TMPDIR: the path of a unix socket has at most 107 bytes.
    place = tempfile.mkdtemp(prefix="mixio-pg-", dir="/tmp")
    try:
        if user:
            os.chown(place, pwd.getpwnam(user).pw_uid, -1)
        with Program([binaries / "initdb", "-D", f"{place}/data", "-A", "trust",
                      "-U", "mixio", "-E", "UTF8", "--locale=C", "--no-sync"],
                     user=user) as initdb:
            if initdb.wait(120).status:
                raise LabError(f"initdb: {initdb.result.stderr.strip()}")
        settings = {
            "max_connections": connections + 10, "listen_addresses": "",
            "unix_socket_directories": place, "fsync": "off",
            "shared_buffers": "32MB", "autovacuum": "off",
            "log_min_messages": "fatal", "log_destination": "stderr",
        }
        argv = [binaries / "postgres", "-D", f"{place}/data"]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is its fast shutdown: it ends its backends itself.
        with Program(argv, user=user, cpu=cpu, orphan_signal="QUIT") as server:
            try:
                _postgres_ready(server, binaries, place)
                yield f"host={place} user=mixio dbname=postgres"
            finally:
                server.stop(signal.SIGINT, 20)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _postgres_ready(server: Program, binaries: pathlib.Path,
                    place: str) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and server.running():
        if subprocess.run([binaries / "pg_isready", "-q", "-h", place],
                          stdin=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.05)
    raise LabError(f"postgres does not answer: "
                   f"{server.stop().stderr.strip()[-300:]}")
