#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""us to create something that runs a function, and to wait for its end.

    py-spawn.py [WHAT [TIMES]]

WHAT is threading.Thread (for any thread library), mixio.spawn (under mixio),
gevent.spawn, or asyncio (a task of a coroutine). One after the other.
"""

import pathlib
import sys
import time


def nothing() -> None:
    pass


def thread() -> None:
    thread = threading.Thread(target=nothing)
    thread.start()
    thread.join()


def mixio_task() -> None:
    mixio.spawn(nothing).result()


def greenlet() -> None:
    gevent.spawn(nothing).join()


async def tasks(count: int) -> float:
    async def coroutine() -> None:
        pass

    start = time.perf_counter()
    for _ in range(count):
        await asyncio.create_task(coroutine())
    return time.perf_counter() - start


def measure(count: int) -> float:
    if what == "asyncio":
        return asyncio.run(tasks(count))
    once = {"threading.Thread": thread, "mixio.spawn": mixio_task,
            "gevent.spawn": greenlet}[what]
    start = time.perf_counter()
    for _ in range(count):
        once()
    return time.perf_counter() - start


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "threading.Thread"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    if what == "mixio.spawn":
        sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
        import mixio
    elif what == "gevent.spawn":
        import gevent
    elif what == "asyncio":
        import asyncio
    else:
        import threading
    measure(count // 20 + 1)
    print(f"us {measure(count) / count * 1e6:.3f}")
