# SPDX-License-Identifier: MIT
"""Builds libmixio.so by configure and make, and puts it into the package.

pip runs this (see pyproject.toml).  The source distribution brings configure
along, so that autotools are needed only where there is a git checkout.  Needed
otherwise: a C compiler, make, libev's header and library.  CC, CFLAGS and
LDFLAGS are configure's; MIXIO_OBJECT names an object that is built already.
"""
import os
import re
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

try:
    from setuptools.errors import SetupError
except ImportError:
    from distutils.errors import DistutilsSetupError as SetupError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

TOP = Path(__file__).resolve().parent


def version():
    text = (TOP / "configure.ac").read_text()
    return re.search(r"AC_INIT\(\[mixio\], \[([^]]+)\]\)", text).group(1)


def run(*command, cwd=TOP):
    try:
        subprocess.run([str(c) for c in command], cwd=str(cwd), check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise SetupError("building libmixio.so failed: %s" % e)


def bootstrap():
    """./configure, made by autotools where there is none or an old one."""
    made = TOP / "configure"
    if made.exists() and not (TOP / ".git").exists():
        return
    newest = max((TOP / f).stat().st_mtime
                 for f in ("configure.ac", "Makefile.am"))
    if not made.exists() or made.stat().st_mtime < newest or \
            not (TOP / "Makefile.in").exists():
        run("./bootstrap")


def build_object(build):
    """Path of libmixio.so, built below build."""
    if os.environ.get("MIXIO_OBJECT"):
        return Path(os.environ["MIXIO_OBJECT"])
    bootstrap()
    if (TOP / "config.status").exists():
        build = TOP  # configured in place: the only build there can be
    else:
        build.mkdir(parents=True, exist_ok=True)
        # Time stamps of an unpacked archive say nothing.
        run(TOP / "configure", "-q", "--disable-maintainer-mode", cwd=build)
    run("make", "-j%d" % (os.cpu_count() or 1), "preload/real.h", cwd=build)
    run("make", "-j%d" % (os.cpu_count() or 1), "libmixio.la", cwd=build)
    return build / ".libs" / "libmixio.so"


class BuildWithObject(build_py):
    def run(self):
        super().run()
        temp = Path(self.get_finalized_command("build").build_temp)
        made = build_object(TOP / temp / "preload")
        target = Path(self.build_lib) / "mixio" / "libmixio.so"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(made), str(target))
        shutil.copymode(str(made), str(target))

    def get_outputs(self, include_bytecode=True):
        return super().get_outputs(include_bytecode) + [
            os.path.join(self.build_lib, "mixio", "libmixio.so")]


class Sdist(sdist):
    """With configure, and all that MANIFEST.in says."""

    def run(self):
        bootstrap()
        super().run()


class Wheel(bdist_wheel):
    """For this platform, but for any CPython 3."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class NotPure(Distribution):
    def has_ext_modules(self):
        return True


setup(version=version(), distclass=NotPure,
      cmdclass={"build_py": BuildWithObject, "sdist": Sdist,
                "bdist_wheel": Wheel})
