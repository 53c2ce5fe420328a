# SPDX-License-Identifier: MIT
"""Opting in: the calls of mixio.h, by ctypes.

Nothing here needs the preload object to be imported: what it lacks is said
when a call is made.
"""
import contextlib
import ctypes
import errno
import os
import threading
import time
from typing import Any, Iterator, NamedTuple, Optional

from . import _preload


class NotPreloaded(RuntimeError):
    """The program runs without the preload object; the text says what to do."""

    __module__ = "mixio"

    def __init__(self) -> None:
        super().__init__(
            "mixio is not active, because the program was started without its "
            "preload object; start it by: %s" % _preload.command())


class NotOptedIn(RuntimeError):
    """The calling thread has not opted in."""

    __module__ = "mixio"

    def __init__(self, what: str) -> None:
        super().__init__("%s needs a thread that has opted in: call "
                         "mixio.enter() first" % what)


class Stats(NamedTuple):
    """Counters of the calling thread's domain (the last three: process)."""

    switches: int  #: changes from one green thread to another
    parks: int  #: waits that left the run queue
    hops: int  #: calls made on a helper kernel thread
    handoffs: int  #: times that the domain left a busy thread behind
    created: int  #: threads that needed a new identity
    reused: int  #: threads that took over a finished one's
    live: int  #: green threads alive, the opted-in one included
    peak: int  #: most of them at once
    pooled: int  #: identities kept for reuse
    helpers: int  #: kernel threads of the runtime
    helpers_peak: int  #: most of them at once


class _CStats(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64)
                for name in ("size",) + Stats._fields]


# _may_wait gives the GIL away for the call, _quick does not.
_may_wait = ctypes.CDLL(None)
_quick = ctypes.PyDLL(None)


def _symbol(library: Any, name: str, restype: Any, *argtypes: Any) -> Any:
    try:
        fn = getattr(library, name)
    except AttributeError:
        return None
    fn.restype = restype
    fn.argtypes = argtypes
    return fn


_enter = _symbol(_may_wait, "mixio_enter", ctypes.c_int)
_leave = _symbol(_may_wait, "mixio_leave", ctypes.c_int)
_entered = _symbol(_quick, "mixio_entered", ctypes.c_int)
_kernel_threads = _symbol(_quick, "mixio_kernel_threads", ctypes.c_int,
                          ctypes.c_int)
_interrupt = _symbol(_quick, "mixio_interrupt", ctypes.c_int,
                     ctypes.c_ulong)
_domain = _symbol(_quick, "mixio_domain", ctypes.c_ulong)
_stats = _symbol(_quick, "mixio_stats", ctypes.c_int, ctypes.c_void_p)
_dump = _symbol(_may_wait, "mixio_dump", ctypes.c_int, ctypes.c_int)
_version = _symbol(_quick, "mixio_version", ctypes.c_char_p)
# Lets the other green threads run: the GIL must be free meanwhile.
yield_ = _symbol(_may_wait, "sched_yield", ctypes.c_int)


def preloaded() -> bool:
    """Whether the preload object is there.  Any thread; does not park."""
    return _enter is not None


def need_preload() -> None:
    """Raises NotPreloaded unless the preload object is there."""
    if _enter is None:
        raise NotPreloaded()


def need_entered(what: str) -> None:
    """Raises NotPreloaded or NotOptedIn, naming the call, where it has to."""
    if _entered is None:
        raise NotPreloaded()
    if not _entered():
        raise NotOptedIn(what)


def _check(rc: int) -> None:
    if rc:
        raise OSError(rc, os.strerror(rc))


def enter() -> None:
    """Opt the calling thread in.

    From now on its blocking calls park, and the threads that it makes are
    green: they take turns on its kernel thread.  Calling it again changes
    nothing.  Any thread; does not park.

    Raises NotPreloaded, or OSError: ENOTSUP (this C library is not supported),
    EAGAIN or ENOMEM (no thread, descriptor or memory is to be had).
    """
    need_preload()
    _check(_enter())


def leave() -> None:
    """Opt the calling thread out, which must be the one that opted in.

    Raises NotPreloaded, NotOptedIn, or RuntimeError while green threads of it
    are alive (join them first; a loop of start_loop() is one).  Threads whose
    work is done, but which have not quite ended, are waited for.  Parks.
    """
    need_entered("leave()")
    rc = _try_leave(0.1)
    if rc == errno.EBUSY:
        raise RuntimeError("leave(): green threads of this thread are alive; "
                           "join them first")
    if rc == errno.EINVAL:
        raise RuntimeError("leave(): called in a green thread; only the thread "
                           "that opted in can leave")
    _check(rc)


def _try_leave(seconds: Optional[float]) -> int:
    """mixio_leave() until no thread is left, or for so many seconds."""
    end = None if seconds is None else time.monotonic() + seconds
    nap = 0.0
    while True:
        rc: int = _leave()
        if rc != errno.EBUSY or (end is not None and time.monotonic() > end):
            return rc
        # Nobody tells when the last one has gone.
        time.sleep(nap)
        nap = min(nap + 0.0005, 0.02)


def entered() -> bool:
    """Whether the calling thread has opted in or is a green thread.

    False without the preload object.  Any thread; does not park.
    """
    return _entered is not None and bool(_entered())


@contextlib.contextmanager
def opted_in() -> Iterator[None]:
    """Opt the calling thread in for the duration of a ``with`` block.

    At its end all green threads that were started in it are waited for, and a
    loop that start_loop() made in it is closed.  In a thread that has opted in
    already it changes nothing, neither then nor at the end.

    Raises what enter() raises.  Parks.
    """
    if entered():
        yield
        return
    enter()
    here = domain()
    try:
        yield
    finally:
        for end in list(at_leave):
            end(here)
        _check(_try_leave(None))


#: Called by opted_in() at its end, with the number of the domain.
at_leave: "list[Any]" = []


@contextlib.contextmanager
def kernel_threads() -> Iterator[None]:
    """Threads made by the calling thread in the ``with`` block are kernel ones.

    For what has to compute in parallel or must not share a kernel thread.  They
    have not opted in.  Without the preload object all threads are, so nothing
    changes.  Any thread; does not park.
    """
    if _kernel_threads is None:
        yield
        return
    old = _kernel_threads(1)
    try:
        yield
    finally:
        _kernel_threads(old)


def stats() -> Stats:
    """Counters of the calling thread's domain.

    Raises NotPreloaded or NotOptedIn.  Does not park.
    """
    need_entered("stats()")
    s = _CStats(size=ctypes.sizeof(_CStats))
    _check(_stats(ctypes.byref(s)))
    return Stats(*(getattr(s, name) for name in Stats._fields))


def version() -> str:
    """Version of the preload object.

    Raises NotPreloaded.  Any thread; does not park.
    """
    need_preload()
    text: bytes = _version()
    return text.decode()


# ---- for the other modules

def domain() -> int:
    """What the threads of a domain have in common; 0: not opted in."""
    return int(_domain()) if _domain is not None else 0


def interrupt(ident: int) -> bool:
    """Ends the blocking call of the thread.  False: it is in none."""
    return _interrupt is not None and _interrupt(ident) == 0


def forget_dummy(ident: int) -> None:
    """Drop what threading.current_thread() made up for a thread of ours.

    threading keeps it for ever, and the next thread with this ident would
    find it.
    """
    active: Any = threading._active  # type: ignore[attr-defined]
    if isinstance(active.get(ident), threading._DummyThread):
        active.pop(ident, None)
