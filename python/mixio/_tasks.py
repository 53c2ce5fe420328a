# SPDX-License-Identifier: MIT
"""Tasks: calls in green threads of their own, as futures.

A task is a thread, started with less ado than ``threading.Thread``: about its
own stack, thread-local storage and thread state there is no difference.
"""
from __future__ import annotations

import atexit
import collections
import concurrent.futures
import contextvars
import os
import threading
import _thread
from concurrent.futures._base import CANCELLED_AND_NOTIFIED
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Deque,
    Dict,
    Optional,
    Set,
    Tuple,
    TypeVar,
)

from . import _runtime
from ._interrupt import CancelledError, Target

if TYPE_CHECKING:
    from typing_extensions import ParamSpec
    P = ParamSpec("P")

T = TypeVar("T")

# Tasks whose thread is alive: the interpreter waits for them at its end, as
# it does for threads.
_live: Set[Task[Any]] = set()


if TYPE_CHECKING:
    _Future = concurrent.futures.Future
else:
    class _Future(concurrent.futures.Future):
        def __class_getitem__(cls, item):  # 3.8 has none
            return cls


class Task(_Future[T]):
    """A call in a green thread; spawn() and Executor.submit() make them.

    It is a ``concurrent.futures.Future``, so ``result()``, ``as_completed()``,
    ``asyncio.wrap_future()`` and the like work.  Different is cancel().
    """

    def __init__(self) -> None:
        super().__init__()
        self._target = Target()

    def cancel(self) -> bool:
        """Ask the task to end.  Any thread; does not park.

        A task that has not begun never will.  In one that runs
        ``asyncio.CancelledError`` is raised: the blocking call that it waits
        in ends with an error, which is OSError (ECANCELED) to what catches
        that.  If it leaves the task, the task is cancelled; code in it may
        clean up first, or catch it and go on.  Bare locks,
        ``Thread.join()`` without a timeout and ``SimpleQueue.get()`` are waited
        for first.

        Returns False when the task has finished, else True.
        """
        if super().cancel():
            return True
        return self._target.cancel()

    # ---- what the thread does

    def _begin(self, context: contextvars.Context, fn: Callable[..., Any],
               args: Tuple[Any, ...], kwargs: Dict[str, Any],
               then: Optional[Callable[[], object]] = None) -> None:
        _live.add(self)
        try:
            _thread.start_new_thread(
                _thread_main, (self, context, fn, args, kwargs, then))
        except BaseException:
            _live.discard(self)
            raise

    def _finish(self, value: Any, error: Optional[BaseException]) -> None:
        if error is None:
            self.set_result(value)
        elif isinstance(error, CancelledError):
            with self._condition:
                self._state = CANCELLED_AND_NOTIFIED
                for waiter in self._waiters:
                    waiter.add_cancelled(self)
                self._condition.notify_all()
            self._invoke_callbacks()  # type: ignore[attr-defined]
        else:
            self.set_exception(error)


def _thread_main(task: Task[Any], context: contextvars.Context,
                 fn: Callable[..., Any], args: Tuple[Any, ...],
                 kwargs: Dict[str, Any],
                 then: Optional[Callable[[], object]]) -> None:
    try:
        if task.set_running_or_notify_cancel():
            outcome = task._target.guarded(context.run, fn, *args, **kwargs)
            # The exception's traceback has this frame: leave no cycle.
            error = outcome.error
            outcome.error = None
            try:
                task._finish(outcome.value, error)
            finally:
                error = None
        if then is not None:
            then()
    finally:
        _live.discard(task)
        _runtime.forget_dummy(threading.get_ident())


def spawn(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]:
    """Call fn(*args, **kwargs) in a green thread of its own.

    Returns the Task.  fn sees a copy of the caller's context variables.  The
    interpreter waits for all tasks before it ends.

    Raises NotPreloaded, NotOptedIn, or RuntimeError when no thread is to be
    had.  Does not park.
    """
    _runtime.need_entered("spawn()")
    task: Task[T] = Task()
    task._begin(contextvars.copy_context(), fn, args, kwargs)
    return task


class Executor(concurrent.futures.Executor):
    """An executor whose calls have a green thread each.

    max_workers: how many run at a time, the others queue; None: all do.
    submit() carries the caller's context variables and returns a Task.

    Raises NotPreloaded or NotOptedIn when it is made, ValueError when
    max_workers is below 1.  submit() must be called by a thread that has opted
    in, too.
    """

    def __init__(self, max_workers: Optional[int] = None) -> None:
        _runtime.need_entered("Executor()")
        if max_workers is not None and max_workers < 1:
            raise ValueError("max_workers must be at least 1")
        self._max_workers = max_workers
        self._changed = threading.Condition()
        self._running = 0  # [_changed] threads
        self._shut = False  # [_changed]
        # [_changed] what waits for a place, oldest first
        self._queue: Deque[Tuple[Task[Any], contextvars.Context,
                                 Callable[..., Any], Tuple[Any, ...],
                                 Dict[str, Any]]] = collections.deque()

    def submit(self, fn: Callable[P, T], /,
               *args: P.args, **kwargs: P.kwargs) -> Task[T]:
        """As spawn(), within the limit.

        Raises RuntimeError after shutdown(), else what spawn() raises.  Does
        not park.
        """
        _runtime.need_entered("submit()")
        task: Task[T] = Task()
        job = (task, contextvars.copy_context(), fn, args, kwargs)
        with self._changed:
            if self._shut:
                raise RuntimeError("cannot submit to an executor that was "
                                   "shut down")
            if self._max_workers is not None and \
                    self._running >= self._max_workers:
                self._queue.append(job)
                return task
            self._running += 1
            try:
                task._begin(*job[1:], then=self._next)
            except BaseException:
                self._running -= 1
                raise
        return task

    def _next(self) -> None:
        """A thread is done: its place goes to the oldest that queues."""
        with self._changed:
            while self._queue:
                job = self._queue.popleft()
                try:
                    job[0]._begin(*job[1:], then=self._next)
                except RuntimeError as e:
                    # No thread to be had: that is its result.
                    if job[0].set_running_or_notify_cancel():
                        job[0].set_exception(e)
                    continue
                return
            self._running -= 1
            if self._running == 0:
                self._changed.notify_all()

    def shutdown(self, wait: bool = True, *,
                 cancel_futures: bool = False) -> None:
        """Take no more calls; wait for all, unless wait is false (parks).

        cancel_futures: those that still queue are cancelled.
        """
        with self._changed:
            self._shut = True
            queued = list(self._queue) if cancel_futures else []
        for job in queued:
            job[0].cancel()
        if wait:
            with self._changed:
                while self._running:
                    self._changed.wait()


# ---- the end of the interpreter, and fork

def _wait_for_all() -> None:
    while _live:
        try:
            task = next(iter(_live))
        except (StopIteration, RuntimeError):
            continue
        concurrent.futures.wait([task])
        # Its thread is on its last lines.
        if task in _live:
            _runtime.yield_()


def _after_fork() -> None:
    _live.clear()


# threading's own hook runs before threads can no longer be started.
getattr(threading, "_register_atexit", atexit.register)(_wait_for_all)
os.register_at_fork(after_in_child=_after_fork)
