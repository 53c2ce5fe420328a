# SPDX-License-Identifier: MIT
"""What a type checker makes of the package: read by mypy, never run."""
import asyncio
import concurrent.futures
import contextlib
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Callable,
    ContextManager,
    Coroutine,
    Iterator,
)

import mixio

if TYPE_CHECKING:
    from typing_extensions import assert_type


def plain(x: int, *, y: str = "") -> bytes:
    return y.encode() * x


def numbers(n: int) -> Iterator[int]:
    yield from range(n)


async def coroutine(x: int) -> str:
    return str(x)


async def generator(n: int) -> AsyncIterator[int]:
    yield n


@contextlib.asynccontextmanager
async def manager(x: int) -> AsyncIterator[str]:
    yield str(x)


def tasks() -> None:
    task = mixio.spawn(plain, 1, y="a")
    assert_type(task, mixio.Task[bytes])
    future: concurrent.futures.Future[bytes] = task
    assert_type(future.result(), bytes)
    with mixio.Executor(max_workers=3) as executor:
        assert_type(executor.submit(plain, 2).result(), bytes)
    # What would fail is told beforehand.
    mixio.spawn(plain, "1")  # type: ignore[arg-type]
    mixio.spawn(plain)  # type: ignore[call-arg]


async def from_async() -> None:
    assert_type(await mixio.as_async(plain)(1, y="b"), bytes)
    async for n in mixio.as_async(numbers)(3):
        assert_type(n, int)


def from_sync() -> None:
    assert_type(mixio.await_(coroutine(1)), str)
    assert_type(mixio.await_(asyncio.sleep(0, 5), timeout=1), int)
    assert_type(mixio.sync(coroutine)(1), str)
    with mixio.sync(manager)(1) as text:
        assert_type(text, str)
    with mixio.with_(manager(1)) as text:
        assert_type(text, str)
    for n in mixio.sync(generator)(1):
        assert_type(n, int)
    with mixio.iter_(generator(1)) as items:
        assert_type(next(items), int)
        assert_type(items.send(None), int)


@mixio.sync
async def decorated(x: int) -> str:
    return str(x)


@mixio.as_async
def other(x: int) -> str:
    return str(x)


def loops() -> None:
    assert_type(decorated(1), str)
    called: Coroutine[Any, Any, str] = other(1)
    called.close()
    with mixio.start_loop() as loop:
        assert_type(loop, mixio.Loop)
        assert_type(loop.create_task(coroutine(1)).result(), str)
        assert_type(loop.loop, asyncio.AbstractEventLoop)
    with mixio.opted_in(), mixio.kernel_threads():
        assert_type(mixio.entered(), bool)
    assert_type(mixio.stats().live, int)


def more(make: Callable[[int], ContextManager[str]]) -> None:
    with make(1) as text:
        assert_type(text, str)


more(mixio.sync(manager))
