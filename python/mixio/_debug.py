# SPDX-License-Identifier: MIT
"""Looking at green threads."""
import signal
import sys
import tempfile
from typing import Any, Optional, Union

from . import _runtime


def dump(file: Optional[Union[int, Any]] = None) -> None:
    """Write every green thread of the caller's domain to file.

    file is a descriptor, or a file that is open for writing, in text or binary
    mode, with a descriptor or without; by default it is sys.stderr.

    A thread has a line with its name, its state, what it waits for and for how
    long; under that its C stack and, if it runs Python code, its Python stack,
    each with the most recent call first.  The stacks are those of one moment:
    they are written by a process of its own, a copy of this one.  Parks until
    all is written, so a thread of this program may read it from a pipe.

    Raises NotPreloaded, NotOptedIn or OSError: that of the write, ENOMEM or
    EAGAIN (no memory or process is to be had), ETIMEDOUT (nobody has read what
    was written for a minute).
    """
    _runtime.need_entered("dump()")
    if isinstance(file, int):
        _runtime._check(_runtime._dump(file))
        return
    out: Any = sys.stderr if file is None else file
    if out is None:
        return  # as print() does
    try:
        out.flush()
        fd = out.fileno()
    except (AttributeError, OSError):
        fd = -1
    if fd >= 0:
        _runtime._check(_runtime._dump(fd))
        return
    with tempfile.TemporaryFile() as f:
        _runtime._check(_runtime._dump(f.fileno()))
        f.seek(0)
        data = f.read()
    try:
        out.write(data.decode("utf-8", "backslashreplace"))
    except TypeError:
        out.write(data)


def signal_number(name: str) -> int:
    """The number of a signal by its name or number, for --dump-signal.

    Raises ValueError when there is no such signal, or none that can be given
    up by a program.
    """
    if name.isascii() and name.isdigit():
        n = int(name)
    else:
        word = name.upper()
        word = word[3:] if word.startswith("SIG") else word
        base, plus, more = word.partition("+")
        if not plus:
            base, plus, more = word.partition("-")
        n = int(getattr(signal, "SIG" + base, 0)) if base.isalnum() else 0
        if plus:
            if word[:6] not in ("RTMIN+", "RTMAX-") or not more.isdigit():
                n = 0
            n += int(more) if plus == "+" and n else 0
            n -= int(more) if plus == "-" and n else 0
            if not signal.SIGRTMIN <= n <= signal.SIGRTMAX:
                n = 0
    if not 1 <= n <= int(signal.SIGRTMAX):
        raise ValueError("wants a signal (QUIT, USR1, a number from 1 to %d), "
                         "not %r" % (signal.SIGRTMAX, name[:64]))
    if n in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS,
             signal.SIGFPE, signal.SIGILL, 32, 33):
        raise ValueError("cannot use signal %r: no program can give it up; "
                         "take another one" % name[:64])
    return n
