# SPDX-License-Identifier: MIT
"""Suites that come from a registry: how they are fetched, how pytest runs them.

Source packages of PyPI by pip, of Debian by apt-get. They are kept in
$MIXIO_CONFORMANCE_CACHE (~/.cache/mixio-conformance), each with the virtual
environment that its tests run in, and never written to afterwards: every run
gets a copy of the tests.
"""

import fnmatch
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from _common import HERE, Job, Known, Missing, read_lists
from cpython import interpreters

__all__ = ["cache", "once", "run", "sdist", "debian_source", "venv", "Suite",
           "lab"]

sys.path.insert(1, os.path.dirname(HERE))
import lab  # noqa: E402


def say(text):
    print("          " + text, flush=True)


def cache(*names):
    """A path in the cache."""
    top = os.environ.get("MIXIO_CONFORMANCE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "mixio-conformance")
    return os.path.join(top, *names)


def run(argv, what, cwd=None, seconds=900):
    """Run a command; Missing, with the end of its output, if it fails."""
    # Debian's pip looks at nothing of the caller's; no terminal, no question.
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("MIXIO", "PYTHON", "LD_"))}
    env.update(DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, timeout=seconds,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Missing("%s: %s" % (what, e)) from None
    out = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Missing("%s: %s" % (what, " / ".join(
            out.strip().splitlines()[-3:]) or "failed"))
    return out


def once(path, make):
    """PATH, which make(folder) has filled: now, or in an earlier run."""
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    folder = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(path))
    try:
        os.chmod(folder, 0o755)
        make(folder)
        os.rename(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def only_folder(folder):
    """The one folder in FOLDER."""
    found = [e.path for e in os.scandir(folder) if e.is_dir()]
    if len(found) != 1:
        raise Missing("%s: one folder expected" % folder)
    return found[0]


def sdist(python, name, version):
    """The unpacked source package NAME of PyPI."""
    def make(folder):
        say("fetching %s %s" % (name, version))
        # --no-binary for this one alone: what builds it may come as a wheel.
        run([python, "-m", "pip", "download", "--quiet", "--no-deps",
             "--disable-pip-version-check", "--no-binary", name,
             "--dest", folder, "%s==%s" % (name, version)],
            "fetching %s %s" % (name, version))
        archive, = glob.glob(os.path.join(folder, "*.tar.gz"))
        shutil.unpack_archive(archive, folder)
        os.unlink(archive)
    return only_folder(once(cache("pypi", "%s-%s" % (name, version)), make))


def debian_source(name, release=""):
    """The unpacked source package NAME, of this Debian or of RELEASE."""
    def make(folder):
        say("fetching Debian's source of %s" % name)
        targets = run(["apt-get", "indextargets", "--format",
                       "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                       "Created-By: Packages"], "apt-get")
        apt = os.path.join(folder, "apt")
        os.makedirs(os.path.join(apt, "lists", "partial"))
        with open(os.path.join(apt, "sources.list"), "w",
                  encoding="utf-8") as f:
            for line in dict.fromkeys(targets.splitlines()):
                words = line.split()
                # Other people's archives do not have it.
                if len(words) != 3 or "debian" not in words[0]:
                    continue
                if release:
                    if not re.search("/debian/?$", words[0]):
                        continue
                    words[1] = release
                f.write("deb-src %s %s %s\n" % tuple(words))
                if release:
                    break
        options = ["-qq"]
        for option in ("Dir::Etc::sourcelist=" + apt + "/sources.list",
                       "Dir::Etc::sourceparts=-",
                       "Dir::State::lists=" + apt + "/lists",
                       "Dir::Cache::srcpkgcache=", "Dir::Cache::pkgcache=",
                       "APT::Sandbox::User="):
            options += ["-o", option]
        run(["apt-get"] + options + ["update"], "apt-get update")
        run(["apt-get"] + options + ["source", "--download-only", name],
            "apt-get source %s" % name, folder)
        shutil.rmtree(apt)
        dsc, = glob.glob(os.path.join(folder, "*.dsc"))
        run(["dpkg-source", "--no-check", "-x", dsc, "src"],
            "dpkg-source %s" % name, folder)
        for path in glob.glob(os.path.join(folder, "*.*")):
            os.unlink(path)
    return only_folder(once(cache("debian", name + release), make))


def venv(python, name, packages):
    """The interpreter of a virtual environment with PACKAGES in it.

    PACKAGES: requirements as pip has them, or folders that start with "/".
    """
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    version = run([python, "-c", code], python).strip()
    key = hashlib.sha1("\n".join(
        [python] + packages).encode()).hexdigest()[:10]
    path = cache("venv", "%s-%s-%s" % (name, version, key))
    result = os.path.join(path, "bin", "python")
    # Not by once(): a virtual environment knows its own path.
    if os.path.exists(os.path.join(path, "complete")):
        return result, version
    say("installing what %s needs" % name)
    run([python, "-m", "venv", "--clear", path], "venv")
    # Python compiles what the tests import.
    run([result, "-m", "pip", "install", "--quiet", "--prefer-binary",
         "--no-compile", "--disable-pip-version-check"] + packages,
        "pip install", seconds=1800)
    with open(os.path.join(path, "complete"), "w", encoding="ascii"):
        pass
    return result, version


def loopback_only():
    """Words before a command that then has no network but loopback."""
    script = os.path.join(HERE, "_loopback.py")
    for options in (["--net"], ["--user", "--map-root-user", "--net"]):
        words = ["unshare"] + options + [sys.executable, script]
        try:
            if subprocess.run(words + ["true"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, timeout=30,
                              stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                return words
        except (OSError, subprocess.TimeoutExpired):
            break
    raise Missing("needs unshare(1) and the right to a network namespace")


class Suite:
    """The tests of one Python package, a process of pytest a file.

    name      the suite's name
    source    function of the interpreter: the folder with the source
    packages  function of that folder: what to install
    files     patterns of test files, relative to it
    copy      what of it a run gets, relative to it
    out       {pattern of files or tests: why they are not run}
    args      more arguments for pytest
    env       more of the environment
    prepare   None, or called with the folder of a run and the number of the
              job; may return more of the environment
    seconds   time limit of a file
    flavour   what else to call it, if there are several
    alone     it connects to addresses of others: no network but loopback
    """

    def __init__(self, name, source, packages, files, copy, out=None, args=(),
                 env=None, prepare=None, seconds=600, flavour="",
                 alone=False):
        self.name = name
        self.source = source
        self.packages = packages
        self.files = files
        self.copy = copy
        self.out = out or {}
        self.args = list(args)
        self.env = env or {}
        self.prepare = prepare
        self.seconds = seconds
        self.flavour = flavour
        self.alone = alone

    def setup(self, source, number):
        def setup(work):
            for name in self.copy:
                path = os.path.join(source, name)
                if os.path.isdir(path):
                    shutil.copytree(path, os.path.join(work, name))
                else:
                    os.makedirs(os.path.dirname(os.path.join(work, name)),
                                exist_ok=True)
                    shutil.copy2(path, os.path.join(work, name))
            # Suites are modules here that have their package's name.
            plugin = os.path.join(work, ".plugin")
            os.mkdir(plugin)
            shutil.copy2(os.path.join(HERE, "_pytest_plugin.py"), plugin)
            env = {"PYTHONPATH": plugin}
            if self.prepare:
                env.update(self.prepare(work, number) or {})
            return env
        return setup

    def known(self):
        if not os.path.exists(os.path.join(HERE, self.name + ".known")):
            return []
        return [Known(*row) for row in read_lists(self.name + ".known", 3)]

    def jobs(self, opts):
        if opts.core and self.name not in opts.suites:
            raise Missing("not part of the core")
        known = self.known()
        found = []
        before = loopback_only() if self.alone else []
        for python in interpreters(opts):
            source = self.source(python)
            program, version = venv(python, self.name, self.packages(source))
            files = sorted({os.path.relpath(path, source)
                            for pattern in self.files for path in
                            glob.glob(os.path.join(source, pattern),
                                      recursive=True)})
            if not files:
                raise Missing("%s: no tests in %s" % (self.name, source))
            # Tests that are named by a pattern of files and "::".
            single = [t for t in self.out if "::" in t]
            for path in files:
                short = re.sub(r"^(.*/)?tests?/|\.py$", "", path)
                if opts.only and not any(fnmatch.fnmatchcase(n, p) for p in
                                         opts.only for n in (short, path)):
                    continue
                why = [w for p, w in self.out.items() if "::" not in p and
                       fnmatch.fnmatchcase(path, p)]
                found.append(Job(
                    short, [program, "-X", "faulthandler", "-m", "pytest",
                            "-p", "_pytest_plugin", path] + self.args +
                    ["--deselect=" + t for t in single
                     if fnmatch.fnmatchcase(path, t.split("::")[0])],
                    variant=version + ("-" + self.flavour if self.flavour
                                       else ""),
                    known=known, skip=why[0] if why else "",
                    env=dict({"CONFORMANCE_RESULTS": "{results}"}, **self.env),
                    seconds=self.seconds, before=before,
                    setup=self.setup(source, len(found))))
        return found
