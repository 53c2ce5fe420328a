#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plain function called from async code: us of this process's CPU a call.

    py-async.py BRIDGE nothing|await|sleep [CALLS]

BRIDGE: mixio (as_async, under mixio), to_thread (asyncio's), greenlet
(SQLAlchemy's greenlet_spawn), asgiref (sync_to_async, Django's).

nothing: the function returns at once; one call after the other
await:   it awaits a coroutine that gives the loop one turn; likewise
sleep:   it blocks for 50 ms in time.sleep; all calls at once
"""

import asyncio
import contextlib
import pathlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

sys.path[:0] = [str(pathlib.Path(__file__).parent),
                str(pathlib.Path(__file__).parents[1] / "python")]

from figures import latencies

Function = Callable[[], object]
Call = Callable[[Function], Awaitable[object]]


def bridge(name: str) -> tuple[Call, Callable[[Awaitable[object]], object]]:
    """How async code calls a function, and how that one awaits something."""
    if name == "mixio":
        import mixio
        return lambda fn: mixio.as_async(fn)(), mixio.await_
    if name == "greenlet":
        from sqlalchemy.util import await_only, greenlet_spawn
        return greenlet_spawn, await_only
    if name == "asgiref":
        from asgiref.sync import async_to_sync, sync_to_async

        async def awaited(awaitable: Awaitable[object]) -> object:
            return await awaitable

        return (lambda fn: sync_to_async(fn, thread_sensitive=False)(),
                async_to_sync(awaited))
    loop = asyncio.get_running_loop()
    return asyncio.to_thread, lambda awaitable: \
        asyncio.run_coroutine_threadsafe(awaitable, loop).result()


@contextlib.contextmanager
def stopwatch(calls: int) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"us {cpu / calls * 1e6:.3f} wall_s {wall:.3f}")


async def main(name: str, what: str, calls: int = 5000) -> None:
    call, await_ = bridge(name)
    took: list[float] = []

    async def turn() -> int:
        await asyncio.sleep(0)
        return 42

    def function() -> object:
        if what == "await":
            return await_(turn())
        if what == "sleep":
            time.sleep(0.05)
        return 42

    async def one() -> None:
        start = time.perf_counter()
        if await call(function) != 42:
            raise ValueError(f"{name}: wrong result")
        took.append(time.perf_counter() - start)

    for _ in range(20):     # threads of pools are there
        await one()
    took.clear()
    with stopwatch(calls):
        if what == "sleep":
            await asyncio.gather(*(one() for _ in range(calls)))
        else:
            for _ in range(calls):
                await one()
    print(latencies(took, "ms" if what == "sleep" else "us"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3], *map(int, sys.argv[3:])))
