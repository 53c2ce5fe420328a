# SPDX-License-Identifier: MIT
"""Where the preload object is, and how a program is started with it."""
import os
import shlex
import sys
from typing import Dict, List, Optional

OBJECT = "libmixio.so"


class NoObject(Exception):
    """The preload object cannot be used; the text says why, in one line."""


def find() -> str:
    """Path of the preload object.

    That is ``$MIXIO_LIB``, else the one that was installed with this package.
    Raises NoObject when there is none, or none that the loader would take.
    """
    path = os.environ.get("MIXIO_LIB") or _installed()
    path = os.path.realpath(path)
    if not os.access(path, os.R_OK):
        raise NoObject("%s cannot be read: install mixio again, or name its "
                       "preload object in MIXIO_LIB" % path)
    if any(c in path for c in " \t\n:"):
        raise NoObject("%s: the loader cannot preload from a path with blanks "
                       "or colons; install mixio elsewhere" % path)
    return path


def _installed() -> str:
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), OBJECT)
    if os.path.exists(beside):
        return beside
    try:
        # Made by "make install".
        from ._installed import PRELOAD  # type: ignore[import-not-found]
    except ImportError:
        return beside
    return str(PRELOAD)


def environment(base: Dict[str, str]) -> Dict[str, str]:
    """base with what makes a program start opted in."""
    env = dict(base)
    old = env.get("LD_PRELOAD", "")
    env["LD_PRELOAD"] = find() + (":" + old if old else "")
    env["MIXIO_RUN"] = "1"
    return env


def _cmdline() -> List[str]:
    """The words that this interpreter was started with."""
    words: Optional[List[str]] = getattr(sys, "orig_argv", None)
    if words:
        return list(words)
    try:
        with open("/proc/self/cmdline", "rb") as f:
            data = f.read()
    except OSError:
        return []
    return [os.fsdecode(w) for w in data.split(b"\0")[:-1]]


def command() -> str:
    """A command that starts this program opted in, for people to copy."""
    words = _cmdline()
    python = os.path.basename(words[0]) if words else "python3"
    options, program = words[1:], []
    # Where the interpreter's own options end, as it does not say.
    n = len(sys.argv)
    if n > 1 or (sys.argv and sys.argv[0]):
        flag = next((w for w in words if w in ("-m", "-c")), None)
        start = words.index(flag) if flag and sys.argv[0] in ("-m", "-c") \
            or flag and len(words) - n >= words.index(flag) else \
            len(words) - n
        options, program = words[1:start], words[start:]
    text = " ".join(shlex.quote(w) for w in
                    [python] + options + ["-m", "mixio"] + program)
    if len(text) > 200 or not text.isprintable():
        return "%s -m mixio FILE ARGS" % python
    return text
