# SPDX-License-Identifier: MIT
"""Raising CancelledError in a thread that may be waiting for something.

Exactly one exception is raised for a request, so that ``finally`` and ``with``
can clean up undisturbed:

- A thread that waits in a blocking call gets that call failed by the runtime,
  with ECANCELED: an OSError, which no library retries (EINTR is retried, PEP
  475).  Where the task ends by it, guarded() makes CancelledError of it.
- Any other gets CPython's asynchronous exception when it next runs Python code.
- If it waits for a lock then, that code does not come: locks cannot fail,
  CPython would take them for acquired, or abort.  But most waits for locks are
  waits for a ``threading.Condition`` (Event, Queue, Semaphore, Barrier,
  Future.result ...), and those have a private lock, which is released, as a
  notification would.

Other waits for locks go on until they end, as pthread_mutex_lock() does not
react to cancellation either: a bare ``Lock``, ``Thread.join()`` without a
timeout, ``SimpleQueue.get()``.  So do calls on a helper: resolver, file locks.
"""
import asyncio.exceptions
import ctypes
import errno
import sys
import threading
import time
import _thread
from types import FrameType
from typing import Any, Callable, Dict, Optional, Set

from . import _runtime

CancelledError = asyncio.exceptions.CancelledError

_prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)
_set_async = _prototype(("PyThreadState_SetAsyncExc", ctypes.pythonapi))
_prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
_clear_async = _prototype(("PyThreadState_SetAsyncExc", ctypes.pythonapi))


#: Up to 3.12 CPython notes for all threads together that one of them has an
#: exception, even when told that it has none any more, and takes the note back
#: only when one is raised.  Until then every thread looks at each turn of a
#: loop, and 3.11 never gets a traced function to begin.
_SHARED_NOTE = sys.version_info < (3, 13)

#: Of the threads that run guarded(), by ident.  (A threading.local costs a
#: new thread more than all the rest here.)
targets: "Dict[int, Target]" = {}


class Cancelled(CancelledError):
    """The asynchronous exception: CPython makes the instance when the thread
    has got it, before any handler runs."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        target = targets.get(threading.get_ident())
        if target is not None:
            target._pending = False


class _Nothing(BaseException):
    """Raised where it was set, so that CPython takes its note back."""


class Outcome:
    """What a call came to."""

    __slots__ = ("value", "error")

    def __init__(self) -> None:
        self.value: Any = None
        self.error: Optional[BaseException] = None


class Target:
    """A thread that can be cancelled, from guarded()'s begin to its end."""

    __slots__ = ("lock", "ident", "requested", "hook", "_ended", "_pending",
                 "_chased", "_noted", "__weakref__")

    def __init__(self) -> None:
        #: Held while a request is made: the thread cannot end meanwhile.
        #: Reentrant, since a thread may cancel itself.
        self.lock = threading.RLock()
        self.ident: Optional[int] = None  #: None before and after
        self.requested = False  #: cancel() was called
        self._ended = False  #: [lock] guarded() is over
        self._pending = False  #: Cancelled is set, and not raised yet
        self._chased = False  #: [lock] _chase() is at it
        self._noted = False  #: [lock] one that was set was taken back
        #: Ends what the thread waits for instead, when it is set.
        self.hook: Optional[Callable[[], object]] = None

    def cancel(self) -> bool:
        """Request CancelledError in the thread.  False: it has ended."""
        with self.lock:
            ident = self.ident
            if self._ended:
                return False
            self.requested = True
            if ident is None:
                pass  # guarded() will see it
            elif self.hook is not None:
                self.hook()
            elif not self._pending and not self._hit():
                self._pending = True
                _set_async(ident, Cancelled)
                if ident != threading.get_ident() and not self._chased:
                    self._chased = True
                    _thread.start_new_thread(self._chase, ())
        return True

    def take_back(self) -> bool:
        """Forget a request that has not been raised yet.  False: there is none.
        """
        with self.lock:
            if not self._pending or self.ident is None:
                return False
            _clear_async(self.ident, None)
            self._noted = _SHARED_NOTE
            taken, self._pending = self._pending, False
            return taken

    def _hit(self) -> bool:
        """[lock] True: the thread's blocking call fails."""
        return self.ident is not None and _runtime.interrupt(self.ident)

    def _chase(self) -> None:
        """Until the exception is raised: the thread may have been about to wait
        when it was set, or wait for a condition."""
        nap = 0.0
        try:
            while True:
                with self.lock:
                    ident = self.ident
                    if ident is None or not self._pending:
                        self._chased = False
                        return
                    # Taken back first: there must never be two exceptions.
                    _clear_async(ident, None)
                    if not self._pending or self._hit():
                        self._noted = _SHARED_NOTE
                        self._pending = self._chased = False
                        return
                    _set_async(ident, Cancelled)
                    condition = _condition(ident)
                if condition is not None:
                    _notify(self, condition)
                    condition = None
                if nap == 0.0:
                    _runtime.yield_()
                else:
                    time.sleep(nap)
                nap = min(nap * 1.5 + 0.0001, 0.25)
        finally:
            _runtime.forget_dummy(threading.get_ident())

    def guarded(self, call: Callable[..., Any], /, *args: Any,
                **kwargs: Any) -> Outcome:
        """Run call(...) in this thread, as one that can be cancelled.

        When it returns, nothing is raised in the thread any more.
        """
        outcome = Outcome()
        ident = threading.get_ident()
        targets[ident] = self
        with self.lock:
            self.ident = ident
            if self.requested:
                del targets[ident]
                self._ended = True
                self.ident = None
                outcome.error = CancelledError()
                return outcome
        try:
            outcome.value = call(*args, **kwargs)
            self._end()
        except BaseException as e:
            outcome.error = e
        # A request may interrupt even that.
        while not self._ended:
            try:
                self._end()
            except BaseException as e:
                outcome.error = e
        del targets[ident]
        if self._noted:
            try:
                _set_async(ident, _Nothing)
                while True:  # it is looked for where a loop turns
                    pass
            except _Nothing:
                pass
        if self.requested and outcome.error is not None:
            _translate(outcome)
        return outcome

    def _end(self) -> None:
        with self.lock:
            ident, self.ident = self.ident, None
            self._ended = True
            self.hook = None
            if ident is not None and self._pending:
                self._pending = False
                self._noted = _SHARED_NOTE
                _clear_async(ident, None)


def _translate(outcome: Outcome) -> None:
    """Errors that the end of a call led to: the task was cancelled."""
    error: Optional[BaseException] = outcome.error
    seen: Set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, CancelledError):
            break
        if isinstance(error, OSError) and error.errno == errno.ECANCELED:
            break
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    else:
        return
    error = outcome.error
    assert error is not None
    if type(error) is CancelledError:
        return
    # asyncio.timeout() wants that very type.
    plain = CancelledError(*(error.args if isinstance(error, CancelledError)
                             else ()))
    if isinstance(error, CancelledError):
        plain.__cause__ = error.__cause__
        plain.__context__ = error.__context__
        plain.__suppress_context__ = error.__suppress_context__
    else:
        plain.__cause__ = error
    outcome.error = plain.with_traceback(error.__traceback__)


# ---- waits for a condition

_wait_code = threading.Condition.wait.__code__


def _waiting(ident: int) -> Optional[FrameType]:
    """The frame of Condition.wait() if the thread is in it, else None."""
    frame = sys._current_frames().get(ident)
    return frame if frame is not None and frame.f_code is _wait_code else None


def _condition(ident: int) -> Optional[threading.Condition]:
    frame = _waiting(ident)
    return None if frame is None else frame.f_locals["self"]


def _notify(target: Target, condition: threading.Condition) -> None:
    """Ends target's wait for condition.  Nobody may be notifying meanwhile."""
    with condition:
        with target.lock:
            if target.ident is None or not target._pending:
                return
            frame = _waiting(target.ident)
            if frame is None or frame.f_locals["self"] is not condition:
                return
            waiter = frame.f_locals.get("waiter")
            if waiter is None:
                return
            waiters: Any = condition._waiters
            try:
                waiters.remove(waiter)
            except ValueError:
                # Notified already, but it will raise: the next one may go.
                if not frame.f_locals.get("gotit"):
                    condition.notify()
            else:
                waiter.release()
