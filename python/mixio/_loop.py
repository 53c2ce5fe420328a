# SPDX-License-Identifier: MIT
"""A loop for plain code: start_loop().

The loop runs in a green thread, so it goes on while the thread that has
started it waits for anything at all: input at a prompt, a debugger's command,
await_().
"""
import asyncio
import atexit
import bdb
import concurrent.futures
import os
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Callable, Coroutine, Dict, Optional, Type, TypeVar

from . import _runtime

T = TypeVar("T")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

#: Of each domain that has one, by number.
_loops: "Dict[int, Loop]" = {}
_lock = threading.Lock()


class Loop:
    """An asyncio loop that runs in a green thread; start_loop() makes it.

    As a context manager it is closed at the end of the block.
    """

    def __init__(self, domain: int, loop: asyncio.AbstractEventLoop) -> None:
        #: The asyncio loop itself.
        self.loop = loop
        self._domain = domain
        # None is idle while it waits, so the interpreter need not join it.
        self._thread = threading.Thread(target=self._main, name="mixio-loop",
                                        daemon=True)
        self._thread.start()

    def _main(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            try:
                _cancel_all(loop)
                loop.run_until_complete(loop.shutdown_asyncgens())
                if hasattr(loop, "shutdown_default_executor"):
                    loop.run_until_complete(loop.shutdown_default_executor())
            finally:
                asyncio.set_event_loop(None)
                loop.close()

    def create_task(self, coro: "Coroutine[Any, Any, T]"
                    ) -> "concurrent.futures.Future[T]":
        """Run a coroutine in the background, as a task of the loop.

        Returns a future that any thread may wait for; cancelling it cancels the
        task.  Raises RuntimeError when the loop is closed.  Does not park.
        """
        if self.loop.is_closed():
            coro.close()
            raise RuntimeError("the loop is closed")
        return asyncio.run_coroutine_threadsafe(coro, self.loop)

    def close(self) -> None:
        """Cancel the loop's tasks, wait for them, and end the loop.

        Not to be called by code that runs in the loop (RuntimeError).  Closing
        it again changes nothing.  Parks.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a loop cannot be closed by code that runs in it")
        with _lock:
            if _loops.get(self._domain) is self:
                del _loops[self._domain]
        try:
            self.loop.call_soon_threadsafe(self.loop.stop)
        except RuntimeError:
            pass  # closed
        self._thread.join()

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(
            asyncio.gather(*tasks, return_exceptions=True))


def start_loop(loop_factory: Optional[LoopFactory] = None) -> Loop:
    """Have a loop for the async code that plain code of this thread calls.

    For scripts, the interactive interpreter, a debugger's prompt, manage.py:
    the thread is opted in if it has not, and an asyncio loop starts in a green
    thread of it.  From then on await_() and sync() work in this thread and in
    the green threads of its domain.  Background tasks go on whatever
    the thread waits for.  It ends with the interpreter, unless it is closed
    before.

    loop_factory makes the loop: ``uvloop.new_event_loop`` or the like; None:
    ``asyncio.new_event_loop``.

    Returns the Loop; the one that there is, if it was called before.  Raises
    NotPreloaded, or OSError as enter() does.  Parks until the loop runs.
    """
    _runtime.enter()
    domain = _runtime.domain()
    with _lock:
        made = _loops.get(domain)
        if made is not None and not made.loop.is_closed():
            return made
        made = _loops[domain] = Loop(
            domain, (loop_factory or asyncio.new_event_loop)())
    ready = threading.Event()
    made.loop.call_soon_threadsafe(ready.set)
    ready.wait()
    return made


def loop_of_domain(running: Optional[asyncio.AbstractEventLoop]
                   ) -> Optional[asyncio.AbstractEventLoop]:
    """The loop for await_() in this thread, which may run a loop itself."""
    if running is not None and _in_debugger():
        # The code that is debugged is the loop's own, which stands still
        # meanwhile: what is typed at the prompt has one for itself.
        return _prompt_loop(running)
    made = _loops.get(_runtime.domain()) if _runtime.preloaded() else None
    return None if made is None or made.loop.is_closed() else made.loop


# ---- a debugger's prompt in async code

def _in_debugger() -> bool:
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), bdb.Bdb) and \
                frame.f_code.co_name in ("interaction", "user_line"):
            return True
        frame = frame.f_back
    return False


def _prompt_loop(running: asyncio.AbstractEventLoop
                 ) -> Optional[asyncio.AbstractEventLoop]:
    domain = _runtime.domain()
    if not domain:
        return None
    made = _loops.get(domain)
    if made is not None and made.loop is not running and \
            not made.loop.is_closed():
        return made.loop
    # Of its own, under a number that no domain has.
    with _lock:
        made = _loops.get(-domain)
        if made is None or made.loop.is_closed():
            made = _loops[-domain] = Loop(-domain, asyncio.new_event_loop())
    return made.loop


# ---- the end

def _close_domain(domain: int) -> None:
    for number in (domain, -domain):
        made = _loops.get(number)
        if made is not None:
            made.close()


def _close_mine() -> None:
    # Loops of other domains end with the process, as their threads do.
    domain = _runtime.domain()
    if domain:
        _close_domain(domain)


def _after_fork() -> None:
    # The child has only the thread that forked.
    global _lock
    _lock = threading.Lock()
    _loops.clear()


_runtime.at_leave.append(_close_domain)
atexit.register(_close_mine)
os.register_at_fork(after_in_child=_after_fork)
