# SPDX-License-Identifier: MIT
"""Blocking Python code, unchanged, becomes asynchronous.

A thread that has opted in parks in its blocking calls instead of holding the
kernel thread, and the threads that it makes are green.  ``threading``,
``queue``, ``socket``, ``subprocess`` and all that is built upon them is the
API; this package adds what they do not have: opting in, cheap tasks, and calls
from sync to async code and back.

The runtime is a preloaded object, so a program that uses this package is
started by ``python3 -m mixio FILE`` (or by ``mixio run python3 FILE``).
"""
from typing import TYPE_CHECKING, Any, List

from ._debug import dump
from ._runtime import (
    NotOptedIn,
    NotPreloaded,
    Stats,
    enter,
    entered,
    kernel_threads,
    leave,
    opted_in,
    preloaded,
    stats,
    version,
)

if TYPE_CHECKING:
    from ._bridge import NoBridge, as_async, await_, iter_, sync, with_
    from ._loop import Loop, start_loop
    from ._tasks import Executor, Task, spawn

__all__ = [
    # opting in
    "enter", "leave", "entered", "opted_in", "preloaded",
    "NotPreloaded", "NotOptedIn",
    # tasks
    "spawn", "Task", "Executor", "kernel_threads",
    # sync called from async
    "as_async",
    # async called from sync
    "await_", "sync", "with_", "iter_", "NoBridge",
    # a loop for plain code
    "start_loop", "Loop",
    # looking at it
    "stats", "Stats", "dump", "version",
]

# Imported when first used: what only opts in shall not wait for asyncio.
_LAZY = {
    "spawn": "_tasks", "Task": "_tasks", "Executor": "_tasks",
    "as_async": "_bridge", "await_": "_bridge", "sync": "_bridge",
    "with_": "_bridge", "iter_": "_bridge", "NoBridge": "_bridge",
    "start_loop": "_loop", "Loop": "_loop",
}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError("module %r has no attribute %r"
                             % (__name__, name))
    from importlib import import_module
    value = getattr(import_module("." + module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(__all__))
