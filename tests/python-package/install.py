#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python package is what pip and make install make of it.

pip needs setuptools, which it takes from the package index.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

LIMIT = 900 * tap.SLOW  # a build, on a machine that may be busy
# Works from any folder, so that nothing is taken from the source tree.
SHOW = ("import mixio, time; t = mixio.spawn(time.sleep, 0.01); t.result();"
        " print(mixio.entered(), mixio.__file__)")


def environment(**more):
    env = {k: v for k, v in tap.environment().items()
           if k not in ("MIXIO_LIB", "MIXIO_OBJECT", "PYTHONPATH",
                        "PYTHONDONTWRITEBYTECODE", "MAKEFLAGS", "MFLAGS",
                        "MAKELEVEL", "CC", "CXX", "AWK")}
    env.update(more)
    return env


def run(name, command, cwd, **more):
    """Output of a command, which must end well; else None."""
    tap.say(name)
    done = subprocess.run([str(c) for c in command], cwd=str(cwd),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=LIMIT,
                          env=environment(**more), universal_newlines=True)
    if not tap.ok(done.returncode == 0, name):
        tap.say(done.stdout[-3000:])
        return None
    return done.stdout


def check(name, python, folder, **more):
    """The package that python finds works, and lies below folder."""
    out = run(name, [python, "-m", "mixio", "-c", SHOW], folder, **more)
    if out is not None:
        entered, path = out.split(None, 1)
        tap.ok(entered == "True" and path.startswith(str(folder)),
               "%s: it is the one that was installed" % name)


def with_pip(tmp, python):
    """A source distribution, and what clean environments make of it."""
    # The tree as it would be checked out, without builds.
    tree = tmp / "tree"
    tree.mkdir()
    for name in ("arch", "doc", "m4", "preload", "python", "src", "LICENSE",
                 "MANIFEST.in", "Makefile.am", "NEWS", "README.md",
                 "bootstrap", "configure.ac", "mixio.pc.in", "pyproject.toml",
                 "setup.py"):
        subprocess.run(["cp", "-r", str(tap.SRCDIR / name), str(tree)],
                       check=True)
    subprocess.run(["chmod", "-R", "u+w", str(tree)], check=True)
    for made in ("preload/real.c", "preload/real.h"):
        if (tree / made).exists():
            (tree / made).unlink()
    if run("venv", [python, "-m", "venv", tmp / "one"], tmp) is None:
        return
    pip = [tmp / "one/bin/pip", "--disable-pip-version-check", "-q"]
    if run("pip install .", pip + ["install", "."], tree) is None:
        return
    check("pip install .", tmp / "one/bin/python", tmp)
    if run("setuptools", pip + ["install", "setuptools", "wheel"],
           tmp) is None:
        return
    if run("sdist", [tmp / "one/bin/python", "setup.py", "-q", "sdist", "-d",
                     tmp / "dist"], tree) is None:
        return
    archive, = (tmp / "dist").iterdir()
    # Autotools are not to be needed.
    run("venv for the sdist", [python, "-m", "venv", tmp / "two"], tmp)
    stubs = tmp / "stubs"
    stubs.mkdir()
    for tool in ("autoconf", "automake", "autoreconf", "aclocal",
                 "autoheader", "libtoolize"):
        (stubs / tool).write_text("#!/bin/sh\nexit 1\n")
        (stubs / tool).chmod(0o755)
    if run("pip install of the sdist",
           [tmp / "two/bin/pip", "--disable-pip-version-check", "-q",
            "install", archive], tmp,
           PATH="%s:%s" % (stubs, os.environ["PATH"])) is not None:
        check("sdist", tmp / "two/bin/python", tmp)


def with_make(tmp):
    makefile = (tap.BUILDDIR / "Makefile").read_text()
    if "\nHAVE_PYTHON_TRUE = #" in makefile:
        tap.skip("make install # configure found no Python")
        return
    root = tmp / "root"
    prefix = next(line.split("=", 1)[1].strip()
                  for line in makefile.splitlines()
                  if line.startswith("pythondir ="))
    python = next(line.split("=", 1)[1].strip()
                  for line in makefile.splitlines()
                  if line.startswith("PYTHON ="))
    out = run("make install",
              ["make", "-s", "-C", tap.BUILDDIR, "install-data",
               "install-exec", "DESTDIR=%s" % root], tmp)
    if out is None:
        return
    found = list(root.rglob("mixio/__init__.py"))
    if not tap.ok(len(found) == 1, "one package is installed in %s" % prefix):
        return
    text = (found[0].parent / "_installed.py").read_text()
    place = text.split('"')[1]
    tap.ok((root / place.lstrip("/")).exists(),
           "_installed.py names the object")
    check("make install", python, root,
          PYTHONPATH=str(found[0].parent.parent),
          MIXIO_LIB=str(root / place.lstrip("/")))
    run("make uninstall", ["make", "-s", "-C", tap.BUILDDIR, "uninstall",
                           "DESTDIR=%s" % root], tmp)
    left = [f for f in root.rglob("*mixio*") if f.is_file()]
    tap.ok(not left, "nothing is left: %s" % left[:3])


def main():
    found = tap.pythons()
    if not found:
        tap.bail_out("no CPython from 3.8 on")
    with tempfile.TemporaryDirectory(prefix="mixio-") as tmp:
        with_make(Path(tmp).resolve())
        with_pip(Path(tmp).resolve(), found[-1][1])
    tap.done()


if __name__ == "__main__":
    main()
