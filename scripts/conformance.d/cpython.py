# SPDX-License-Identifier: MIT
"""CPython's own tests (its `test` package), unmodified: those of threads,
sockets, processes, signals and what is built of them."""

import fnmatch
import glob
import os
import shutil
import subprocess

from _common import HERE, Job, Known, Missing, Usage, read_lists

FILES = """
test_threading test_thread test_threading_local test_threadsignals
test_threadedtempfile test_queue test_sched test_concurrent_futures test_socket
test_socketserver test_ssl test_select test_selectors test_poll test_epoll
test_timeout test_asyncio test_subprocess test_signal test_eintr test_wait3
test_wait4 test_fork1 test_os test_posix test_pty test_fcntl test_httpservers
test_httplib test_urllib2_localnet test_xmlrpc test_ftplib test_smtplib
test_poplib test_imaplib test_wsgiref test_logging test_io
test_multiprocessing_fork test_multiprocessing_spawn
test_multiprocessing_forkserver test_context test_sqlite3 test_faulthandler
test_pdb test_interpreters test_atexit test_capi
""".split()

# Former names.
OLD = {"test_sqlite3": "test_sqlite"}

# Packages of which each file becomes a process of its own.
SPLIT = ["test_asyncio", "test_concurrent_futures", "test_multiprocessing_*"]

# All but those that need a display, gigabytes or web servers of today; --core
# does without those that take long or leave the machine, too.
RESOURCES = "cpu,network,subprocess,walltime,decimal,tzdata"
CORE_RESOURCES = "subprocess,decimal,tzdata"

# Files that do not run without the resource "network", but hardly use more of it
# than the loopback interface.
LOOPBACK = ["test_socketserver", "test_timeout"]

# Time limits of those that need longer than usual, natively and in peace.
SECONDS = {"test_multiprocessing_spawn": 1500, "test_concurrent_futures": 1200,
           "test_multiprocessing_fork": 1200,
           "test_multiprocessing_forkserver": 1500, "test_subprocess": 900}


def interpreters(opts):
    """Paths of the interpreters that the options name."""
    root = os.path.join(os.environ.get("PYENV_ROOT") or
                        os.path.expanduser("~/.pyenv"), "versions")
    if opts.all_pythons:
        found = sorted(glob.glob(os.path.join(root, "*", "bin", "python")),
                       key=lambda p: [int(n) if n.isdigit() else 0 for n in
                                      p.split("/")[-3].split(".")])
        return ["/usr/bin/python3"] * os.path.exists("/usr/bin/python3") + found
    paths = []
    for name in opts.python or ["python3"]:
        path = shutil.which(name)
        if not path or "/shims/" in path:
            version = sorted(glob.glob(os.path.join(root, name + "*", "bin",
                                                    "python")))
            if version:
                path = version[-1]
        if not path and not opts.python:
            raise Missing("no python3")
        if not path:
            raise Usage("no Python '%s'" % name)
        paths.append(path)
    return paths


def about(python):
    """(the program itself, its version, the folder of its tests)."""
    code = ("import sys, os; sys.stdout.write('%s\\n%d.%d.%d\\n' %"
            " ((os.path.realpath(sys.executable),) + sys.version_info[:3]));"
            "import test.regrtest;"
            "sys.stdout.write(os.path.dirname(test.__file__))")
    run = subprocess.run([python, "-c", code], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, universal_newlines=True,
                         stdin=subprocess.DEVNULL, timeout=120, check=False)
    lines = run.stdout.splitlines()
    if run.returncode != 0 or len(lines) != 3:
        raise Missing("%s comes without its test package" % python)
    return lines


def modules(folder, name):
    """The modules, relative to `test`, that test file NAME consists of."""
    if os.path.exists(os.path.join(folder, name + ".py")):
        return [name]
    package = os.path.join(folder, name)
    if os.path.isdir(package):
        if not any(fnmatch.fnmatchcase(name, p) for p in SPLIT):
            return [name]
        return ["%s.%s" % (name, f[:-3]) for f in sorted(os.listdir(package))
                if f.startswith("test_") and f.endswith(".py")]
    if name in OLD:
        return modules(folder, OLD[name])
    return []


def picker(argv):
    """Job.pick for command ARGV."""
    def pick(tests):
        # Skipped or failed as a whole, or a process that ended too early
        if any(t.startswith(("(", "setUp", "tearDown")) for t in tests):
            return None
        # A subtest has its parameters behind a blank.
        return argv + ["--"] + sorted({t.split(" ")[0] for t in tests})
    return pick


def jobs(opts):
    known = [Known(*row) for row in read_lists("cpython.known", 3)]
    left_out = read_lists("cpython.left-out", 4)
    resources = CORE_RESOURCES if opts.core else RESOURCES
    found = []
    for python in interpreters(opts):
        program, version, folder = about(python)
        out = [(test, why) for when, versions, test, why in left_out
               if (when == "always" or opts.core) and
               fnmatch.fnmatchcase(version, versions)]
        files = {test[len("file:"):]: why for test, why in out
                 if test.startswith("file:")}
        patterns = [test for test, _ in out if not test.startswith("file:")]
        for name in FILES:
            parts = modules(folder, name)
            if not parts:
                found.append(Job(name, [], variant=version,
                                 skip="this Python has no such file"))
            for part in parts:
                if opts.only and not any(fnmatch.fnmatchcase(n, p) for p in
                                         opts.only for n in (name, part)):
                    continue
                why = files.get(part, files.get(name, ""))
                argv = [program, os.path.join(HERE, "_unittest_driver.py"),
                        "{results}", resources +
                        (",network" if name in LOOPBACK else ""), part] + [
                            p for p in patterns
                            if p.split(".")[1] in (name, OLD.get(name))]
                found.append(Job(
                    part, argv, variant=version, known=known, skip=why,
                    seconds=SECONDS.get(name, 600), pick=picker(argv)))
        if opts.only:
            found = [j for j in found if j.argv]
    return found
