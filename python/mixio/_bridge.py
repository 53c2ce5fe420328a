# SPDX-License-Identifier: MIT
"""Calls between async and sync code, both ways.

A *bridge* links a thread that runs plain functions (the sync side) with an
asyncio task (the async side).  The sync side sends messages: an awaitable that
the task shall await, or what a function has come to.  The task answers the
former.  There are two kinds:

- as_async() has the task, and makes the thread: a green one, so both take
  turns on one kernel thread.
- await_() elsewhere has the thread, and makes the task, on the loop of
  start_loop() or of the as_async() call that spawned the thread.

The async side lends the sync side a turn before it waits for a message.  Where
the message is there then (the function returned, or awaits something), the
event loop was not involved at all.
"""
from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import sys
import threading
import _thread
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncContextManager,
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    ContextManager,
    Coroutine,
    Dict,
    Generator,
    Generic,
    Iterator,
    Optional,
    Tuple,
    Type,
    TypeVar,
    Union,
    cast,
    overload,
)
from types import TracebackType

from . import _runtime
from ._interrupt import CancelledError, Outcome, Target, targets

if TYPE_CHECKING:
    from typing_extensions import ParamSpec
    P = ParamSpec("P")

T = TypeVar("T")

_get_running_loop = asyncio._get_running_loop


class NoBridge(RuntimeError):
    """Async code was called from plain code, with no loop to run it."""

    __module__ = "mixio"


#: The loop that awaitables of this context run on: inherited by spawn().
_loop_var: "contextvars.ContextVar[Optional[asyncio.AbstractEventLoop]]" = \
    contextvars.ContextVar("mixio_loop", default=None)


class _Local(threading.local):
    bridge: "Optional[Bridge]" = None  #: whose sync side the thread is
    served: "Optional[_Served]" = None  #: made by await_() itself


_local = _Local()


def _after_fork() -> None:
    # The child has this thread, but neither the loops nor their threads.
    served = _local.served
    if served is not None:
        served.bridge._closed = True
    _local.bridge = _local.served = None
    _loop_var.set(None)


os.register_at_fork(after_in_child=_after_fork)


# ---- context variables

_MISSING: Any = object()


def _apply(old: contextvars.Context, new: contextvars.Context,
           tokens: Optional[Dict[Any, Any]] = None) -> None:
    """Do to the current context what made new of old.

    tokens: of variables that this has set where they had no value.
    """
    for var, value in new.items():
        if old.get(var, _MISSING) is value or var is _loop_var:
            continue
        token = var.set(value)
        if tokens is not None and \
                token.old_value is contextvars.Token.MISSING:
            tokens[var] = token
    if tokens:
        for var in old:
            if var not in new and var in tokens:
                var.reset(tokens.pop(var))


async def _plain(awaitable: Any) -> Any:
    return await awaitable


class _InContext:
    """Awaits something in this task, but in another context."""

    __slots__ = ("_awaitable", "_context")

    def __init__(self, awaitable: Any, context: contextvars.Context) -> None:
        self._awaitable = awaitable
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine = _plain(self._awaitable)
        run = self._context.run
        value: Any = None
        error: Optional[BaseException] = None
        try:
            while True:
                try:
                    if error is None:
                        value = run(coroutine.send, value)
                    else:
                        value = run(coroutine.throw, error)
                except StopIteration as stop:
                    return stop.value
                error = None
                try:
                    value = yield value
                except GeneratorExit:
                    run(coroutine.close)
                    raise
                except BaseException as e:
                    error = e
        finally:
            error = None


# ---- the bridge

class _Message:
    """From the sync to the async side."""

    __slots__ = ("awaitable", "outcome", "context")

    def __init__(self, awaitable: Any, outcome: Optional[Outcome],
                 context: contextvars.Context) -> None:
        self.awaitable = awaitable  #: what to await, or
        self.outcome = outcome  #: what the function came to
        #: Where to await it; or the context in which the function ended.
        self.context = context


if TYPE_CHECKING:
    _Future = asyncio.Future[None]
else:
    _Future = asyncio.Future


class _Turn(_Future):
    """What the async side awaits while the sync side runs or waits.

    Cancelling the task cancels the thread: the future is not done before the
    thread has reacted, as with a task that awaits another.
    """

    target: Optional[Target] = None

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        if self.target is None:
            return super().cancel()
        self.target.cancel()
        return True


def _wake(turn: _Turn) -> None:
    if not turn.done():
        turn.set_result(None)


def _discard(awaitable: Any) -> None:
    """It will not be awaited: no warning about that."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()


class Bridge:
    """The link.  The GIL makes each step of it atomic; see the comments."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.task: "Optional[asyncio.Task[Any]]" = None
        self.target: Optional[Target] = None  # of the job that runs
        self._message: Optional[_Message] = None
        self._turn: Optional[_Turn] = None
        self._reply: Optional[Outcome] = None
        self._closed = False  # nobody serves any more
        # Held, but while there is a reply or a job that was not taken.
        self._gate = _thread.allocate_lock()
        self._gate.acquire()
        self._serial = 0  # of what the sync side wants
        self._serving = 0  # what is awaited now; 0: nothing
        self._cancels = 0  # our own requests to the task

    # ---- the sync side

    def _post(self, message: _Message) -> None:
        # The other side sets _turn (or _closed), then looks for a message.
        self._message = message
        turn = self._turn
        if self._closed:
            self._message = None
            raise RuntimeError("the event loop, or the coroutine that called "
                               "this code, is closed")
        if turn is not None:
            self._turn = None
            self.loop.call_soon_threadsafe(_wake, turn)

    def await_(self, awaitable: Any) -> Any:
        """[sync side] Have the task await it."""
        target = targets.get(threading.get_ident())
        if target is self.target:
            target = None  # whoever cancels it cancels the task itself
        self._serial += 1
        self._reply = None
        before = contextvars.copy_context()
        message = _Message(awaitable, None, before.copy())
        context = message.context
        del awaitable
        raised: Optional[BaseException] = None
        try:
            try:
                if target is not None:
                    with target.lock:
                        target.hook = self._cancel_async
                self._post(message)
            except BaseException:
                if self._message is message:
                    self._message = None
                _discard(message.awaitable)
                raise
            while self._reply is None:
                try:
                    self._gate.acquire()
                except BaseException as e:
                    # Ctrl-C, or a request that was under way.
                    raised = e
                    self._cancel_async()
            # The exception may have come just before or just after that.
            self._gate.acquire(False)
            outcome, self._reply = self._reply, None
            _apply(before, context)
            error = raised if raised is not None else outcome.error
            if error is not None:
                raise error
            return outcome.value
        finally:
            # No cycles of exception and frame.
            outcome = error = raised = message = None  # type: ignore
            if target is not None:
                with target.lock:
                    target.hook = None

    def _cancel_async(self) -> None:
        """[any thread] Cancel what is awaited for the sync side now."""
        try:
            self.loop.call_soon_threadsafe(self._cancel_now, self._serial)
        except RuntimeError:
            pass  # closed: it has ended

    def _cancel_now(self, serial: int) -> None:
        if self._serving == serial and self.task is not None:
            self._cancels += 1
            self.task.cancel()
        elif self._serving == 0 and self._message is not None and \
                self._serial == serial and not self._closed:
            # Not begun yet.
            self.loop.call_soon(self._cancel_now, serial)

    # ---- the async side

    async def _next(self) -> _Message:
        """[async side] The next message."""
        if self._message is None:
            # Lend it a turn; it may be all that is needed.
            _runtime.yield_()
        if self._message is None:
            turn = _Turn(loop=self.loop)
            turn.target = self.target
            self._turn = turn
            if self._message is None:
                await turn
            self._turn = None
        message = self._message
        self._message = None
        assert message is not None
        return message

    async def serve(self) -> _Message:
        """[async side] Await what the sync side wants, until it has finished;
        its last message."""
        try:
            while True:
                error: Optional[BaseException] = None
                try:
                    message = await self._next()
                except CancelledError as e:
                    # The task was cancelled when a message was there already.
                    if self._message is None or \
                            self._message.outcome is not None:
                        raise
                    message, self._message = self._message, None
                    error = e
                if message.outcome is not None:
                    return message
                if error is None and self.target is not None and \
                        self.target.take_back():
                    # The thread was cancelled just before it came here.
                    error = CancelledError()
                outcome = Outcome()
                if error is not None:
                    _discard(message.awaitable)
                    outcome.error = error
                else:
                    await self._await(message, outcome)
                self._answer(outcome)
                del message, outcome, error
        finally:
            self._closed = True
            last = self._message
            if last is not None and last.awaitable is not None:
                self._message = None
                _discard(last.awaitable)
                self._answer(_closed_outcome())
            elif self.target is not None:
                self.target.cancel()  # if it has not ended

    async def _await(self, message: _Message, outcome: Outcome) -> None:
        self._serving = self._serial
        try:
            outcome.value = await _InContext(message.awaitable,
                                             message.context)
        except GeneratorExit:
            self._answer(_closed_outcome())
            raise
        except BaseException as e:
            outcome.error = e
        finally:
            self._serving = 0
            message.awaitable = None
        while self._cancels:
            self._cancels -= 1
            if self.task is not None and hasattr(self.task, "uncancel"):
                self.task.uncancel()

    def _answer(self, outcome: Outcome) -> None:
        self._reply = outcome
        self._gate.release()


def _closed_outcome() -> Outcome:
    outcome = Outcome()
    outcome.error = RuntimeError("the event loop, or the coroutine that "
                                 "called this code, was closed")
    return outcome


def _result(message: _Message) -> Any:
    outcome = message.outcome
    assert outcome is not None
    error = outcome.error
    if error is not None:
        outcome.error = None
        try:
            raise error
        finally:
            del error
    return outcome.value


# ---- sync called from async

class _Call(Bridge):
    """A green thread that runs one function, or several one after the other."""

    def __init__(self) -> None:
        _runtime.need_entered("a call through as_async")
        super().__init__(asyncio.get_running_loop())
        self._job: Optional[Callable[[], Any]] = None
        self._last = False
        self._started = False
        # The async side's context when both were the same last, and now.
        self._old = self._new = contextvars.copy_context()

    async def run(self, job: Callable[[], Any], last: bool = True) -> Any:
        """[async side] Run job() in the thread, which ends after the last one.

        Returns or raises what it does.
        """
        self.task = asyncio.current_task()
        self._closed = False
        self._job = job
        self._last = last
        self.target = Target()
        self._new = contextvars.copy_context()
        if not self._started:
            self._started = True
            _thread.start_new_thread(self._main, (self._new.copy(),))
        else:
            self._gate.release()
        del job
        message = await self.serve()
        _apply(self._new, message.context)
        self._old = contextvars.copy_context()
        return _result(message)

    def end(self) -> None:
        """[async side] Let a thread end that waits for its next job."""
        if self._started and not self._last:
            self._last = True
            self._gate.release()

    def _main(self, context: contextvars.Context) -> None:
        _local.bridge = self
        try:
            context.run(self._jobs)
        finally:
            _runtime.forget_dummy(threading.get_ident())

    def _jobs(self) -> None:
        _loop_var.set(self.loop)
        first = True
        tokens: Dict[Any, Any] = {}
        while True:
            job, self._job = self._job, None
            if job is None:
                return
            if not first:
                _apply(self._old, self._new, tokens)
            first = False
            last = self._last
            assert self.target is not None
            outcome = self.target.guarded(job)
            del job
            try:
                self._post(_Message(None, outcome, contextvars.copy_context()))
            except RuntimeError:
                return  # nobody waits for it any more
            del outcome
            if last:
                return
            self._gate.acquire()


@overload
def as_async(fn: Callable[P, Iterator[T]]  # type: ignore[overload-overlap]
             ) -> Callable[P, AsyncIterator[T]]: ...
@overload
def as_async(fn: Callable[P, T]
             ) -> Callable[P, Coroutine[Any, Any, T]]: ...
@overload
def as_async() -> Any: ...


def as_async(fn: Any = None) -> Any:
    """Make a coroutine function of a plain one: ``await as_async(fn)(...)``.

    Also a decorator, for functions and methods.  The function runs in a green
    thread, which shares the kernel thread with the caller's event loop
    (asyncio's, uvloop's or another that asyncio tasks run on): where it blocks
    it parks, and the loop goes on.

    - Its result, or its exception with the traceback, is the await's.
    - Context variables are the caller's, and what it sets is seen by the caller.
    - Cancelling the caller's task, or a timeout there, raises CancelledError in
      it (see Task.cancel() for when); what it makes of that is the task's.
    - In it, await_() and all that is built on that runs in the caller's task.

    A generator function becomes an async generator function: the generator
    runs in one green thread from begin to end.  A coroutine function, or async
    generator function, is returned as it is.  The original is left in
    ``__wrapped__``.

    Awaiting it raises NotPreloaded or NotOptedIn (mixio.enter() was not called
    in the loop's thread).
    """
    if fn is None:
        return as_async
    if not callable(fn):
        raise TypeError("as_async() wants a function, not %r" % (fn,))
    if inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn):
        return fn
    if inspect.isgeneratorfunction(fn):
        return _as_async_generator(fn)

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await _Call().run(functools.partial(fn, *args, **kwargs))

    return _named_after(call, fn)


def _named_after(wrapper: Any, fn: Any) -> Any:
    try:
        return functools.wraps(fn)(wrapper)
    except AttributeError:
        wrapper.__wrapped__ = fn
        return wrapper


def _step(method: Callable[..., Any], *args: Any) -> Tuple[bool, Any]:
    """(True, what the generator yields), or (False, what it returns)."""
    try:
        return True, method(*args)
    except StopIteration as e:
        return False, e.value


def _as_async_generator(fn: Any) -> Any:
    async def generate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = fn(*args, **kwargs)
        call = _Call()
        step = functools.partial(_step, generator.__next__)
        try:
            while True:
                more, value = await call.run(step, last=False)
                if not more:
                    return
                try:
                    value = yield value
                except GeneratorExit:
                    await call.run(generator.close, last=False)
                    raise
                except BaseException as e:
                    step = functools.partial(_step, generator.throw, e)
                else:
                    step = functools.partial(_step, generator.send, value)
                del value
        finally:
            call.end()

    return _named_after(generate, fn)


# ---- async called from sync

class _Served:
    """A thread that is nobody's sync side, and the task that serves it.

    Lives in the thread's local storage: when the thread ends, so does the task.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bridge = Bridge(loop)
        loop.call_soon_threadsafe(_start_serving, self.bridge)

    def usable(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self.bridge.loop is loop and not self.bridge._closed

    def __del__(self) -> None:
        bridge = self.bridge
        try:
            bridge._post(_Message(None, Outcome(), contextvars.Context()))
        except RuntimeError:
            pass  # the loop has ended already


def _start_serving(bridge: Bridge) -> None:
    bridge.task = bridge.loop.create_task(bridge.serve())
    name = getattr(bridge.task, "set_name", None)
    if name is not None:
        name("mixio.await_")


def _find_bridge() -> Optional[Bridge]:
    running = _get_running_loop()
    bridge = _local.bridge
    if bridge is not None and running is None:
        return bridge
    loop = _loop_var.get()
    if loop is None or loop is running or loop.is_closed():
        from ._loop import loop_of_domain
        loop = loop_of_domain(running)
    if loop is None or loop is running:
        return None
    served = _local.served
    if served is None or not served.usable(loop):
        served = _local.served = _Served(loop)
    return served.bridge


def _no_bridge(what: Any) -> NoBridge:
    """For something awaitable, which is closed, or for a function."""
    _discard(what)
    name = getattr(what, "__qualname__", None) or repr(what)
    if _get_running_loop() is not None:
        return NoBridge(
            "%s was called from async code: await it there, or call the "
            "plain code between through mixio.as_async()" % name)
    return NoBridge(
        "%s needs an event loop: call this code through mixio.as_async() "
        "from async code, or call mixio.start_loop() first" % name)


async def _timed(awaitable: Any, timeout: float) -> Any:
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(timeout):
            return await awaitable
    return await asyncio.wait_for(awaitable, timeout)


def await_(awaitable: "Awaitable[T]", *,
           timeout: Optional[float] = None) -> T:
    """Wait for an awaitable in plain code, as ``await`` does in async code.

    In a call through as_async() it runs in the caller's own asyncio task.
    Elsewhere a task of the calling thread runs it: on the loop of the
    as_async() call whose code spawned this thread, else on that of
    start_loop().  Context variables are shared either way.

    timeout: seconds, after which the awaitable is cancelled and
    asyncio.TimeoutError raised.

    Returns what the awaitable does, or raises its exception: CancelledError if
    the task is cancelled meanwhile.  Raises NoBridge (a RuntimeError; a
    coroutine is closed) when there is no loop, or when the thread runs async
    code itself; TypeError for what cannot be awaited.  Parks.
    """
    if not inspect.isawaitable(awaitable):
        raise TypeError("await_() wants an awaitable, not %r" % (awaitable,))
    bridge = _find_bridge()
    if bridge is None:
        raise _no_bridge(awaitable)
    if timeout is not None:
        awaitable = _timed(awaitable, timeout)
    return cast(T, bridge.await_(awaitable))


# The special methods are called in the loop's thread: an async generator takes
# its finalizer from the loop that it is first used on.

async def _aenter(manager: Any) -> Any:
    return await type(manager).__aenter__(manager)


async def _aexit(manager: Any, *exc: Any) -> Any:
    return await type(manager).__aexit__(manager, *exc)


async def _amethod(obj: Any, name: str, *args: Any) -> Any:
    return await getattr(obj, name)(*args)


class with_(Generic[T]):
    """``with with_(manager) as x:`` enters an async context manager.

    An exception in the block reaches ``__aexit__``, and is suppressed if that
    says so.  The object can also be used with ``async with``.  Both ends park,
    and raise what await_() raises.
    """

    __slots__ = ("_manager",)

    def __init__(self, manager: "AsyncContextManager[T]") -> None:
        if not hasattr(type(manager), "__aenter__"):
            raise TypeError("with_() wants an async context manager, not %r"
                            % (manager,))
        self._manager = manager

    def __enter__(self) -> T:
        return cast(T, await_(_aenter(self._manager)))

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> Optional[bool]:
        return cast(Optional[bool],
                    await_(_aexit(self._manager, kind, error, traceback)))

    async def __aenter__(self) -> T:
        return cast(T, await _aenter(self._manager))

    async def __aexit__(self, kind: Optional[Type[BaseException]],
                        error: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> Optional[bool]:
        return cast(Optional[bool],
                    await _aexit(self._manager, kind, error, traceback))


class iter_(Iterator[T]):
    """``for x in iter_(iterable):`` goes through an async iterable.

    send(), throw() and close() are those of an async generator (asend,
    athrow, aclose).  As a context manager it is closed at the end; an async
    generator that is dropped half-way is closed by its loop.  The object can
    also be used with ``async for``.  Every step parks, and raises what await_()
    raises.
    """

    __slots__ = ("_iterable", "_iterator")

    def __init__(self, iterable: "AsyncIterable[T]") -> None:
        if not hasattr(type(iterable), "__aiter__"):
            raise TypeError("iter_() wants an async iterable, not %r"
                            % (iterable,))
        self._iterable = iterable
        self._iterator: Any = None

    def _step(self, name: str, *args: Any) -> Any:
        if self._iterator is None:
            self._iterator = self._iterable.__aiter__()
        try:
            return await_(_amethod(self._iterator, name, *args))
        except StopAsyncIteration:
            raise StopIteration from None

    def __next__(self) -> T:
        return cast(T, self._step("__anext__"))

    def send(self, value: Any) -> T:
        """Send a value into the async generator; what it yields next."""
        return cast(T, self._step("asend", value))

    def throw(self, *exc: Any) -> T:
        """Raise an exception in the async generator; what it yields next."""
        return cast(T, self._step("athrow", *exc))

    def close(self) -> None:
        """Close the async generator; nothing where the iterable is none."""
        if self._iterator is None:
            self._iterator = self._iterable.__aiter__()
        if hasattr(self._iterator, "aclose"):
            await_(_amethod(self._iterator, "aclose"))

    def __enter__(self) -> "iter_[T]":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __aiter__(self) -> "AsyncIterator[T]":
        if self._iterator is None:
            self._iterator = self._iterable.__aiter__()
        return cast("AsyncIterator[T]", self._iterator)


@overload
def sync(fn: Callable[P, Awaitable[T]]) -> Callable[P, T]: ...
@overload
def sync(fn: Callable[P, AsyncContextManager[T]]
         ) -> Callable[P, ContextManager[T]]: ...
@overload
def sync(fn: Callable[P, AsyncIterator[T]]) -> Callable[P, iter_[T]]: ...
@overload
def sync() -> Any: ...


def sync(fn: Any = None) -> Any:
    """Make a plain function of an async one: ``sync(fn)(...)`` returns what
    ``await fn(...)`` does.

    Also a decorator.  fn is called in the loop's thread.  What it returns
    decides: an awaitable is waited for by await_(); an async context manager is
    wrapped by with_(), an async iterable by iter_(); anything else is returned
    as it is.  So it serves coroutine functions, async generator functions,
    functions that ``contextlib.asynccontextmanager`` made, and bound methods of
    any of them.  The original is left in ``__wrapped__``.

    Calls park, and raise what await_() raises.
    """
    if fn is None:
        return sync
    if not callable(fn):
        raise TypeError("sync() wants a function, not %r" % (fn,))

    def call(*args: Any, **kwargs: Any) -> Any:
        bridge = _find_bridge()
        if bridge is None:
            made = _make_here(fn, args, kwargs)
        else:
            awaited, made = bridge.await_(_make(fn, args, kwargs))
            if awaited:
                return made
        kind = type(made)
        if hasattr(kind, "__aenter__"):
            return with_(made)
        if hasattr(kind, "__aiter__"):
            return iter_(made)
        return made

    return _named_after(call, fn)


async def _make(fn: Any, args: Any, kwargs: Any) -> Tuple[bool, Any]:
    # Some want a running loop to be made.
    made = fn(*args, **kwargs)
    return (True, await made) if inspect.isawaitable(made) else (False, made)


def _make_here(fn: Any, args: Any, kwargs: Any) -> Any:
    """Without a loop: only what fn returns tells whether it needs one."""
    if inspect.iscoroutinefunction(fn):
        raise _no_bridge(fn)
    try:
        made = fn(*args, **kwargs)
    except RuntimeError as e:
        # It looked for the running loop itself, most likely.
        raise _no_bridge(fn) from e
    if inspect.isawaitable(made):
        raise _no_bridge(made)
    return made
