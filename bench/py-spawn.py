#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""us to create something that runs a function, and to have its end.

    py-spawn.py [WHAT [TIMES [alive]]]

WHAT is threading.Thread (with any thread library), mixio.spawn (under mixio),
gevent.spawn, or asyncio (a task of a coroutine). One after the other; alive:
all wait for the same event, TIMES of them at once.
"""

import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any


def start_thread(function: Callable[[], object]) -> Callable[[], Any]:
    thread = threading.Thread(target=function)
    thread.start()
    return thread.join


def start_task(function: Callable[[], object]) -> Callable[[], Any]:
    return mixio.spawn(function).result


def start_greenlet(function: Callable[[], object]) -> Callable[[], Any]:
    return gevent.spawn(function).join


def one_by_one(count: int) -> float:
    def nothing() -> None:
        pass

    begin = time.perf_counter()
    for _ in range(count):
        start(nothing)()
    return time.perf_counter() - begin


def at_once(count: int) -> float:
    event, there = Event(), Event()

    def last() -> None:
        there.set()
        event.wait()

    begin = time.perf_counter()
    ends = [start(event.wait) for _ in range(count - 1)]
    ends.append(start(last))
    there.wait()    # the others, having begun before, wait already
    event.set()
    for end in ends:
        end()
    return time.perf_counter() - begin


async def coroutines_one_by_one(count: int) -> float:
    async def nothing() -> None:
        pass

    begin = time.perf_counter()
    for _ in range(count):
        await asyncio.create_task(nothing())
    return time.perf_counter() - begin


async def coroutines_at_once(count: int) -> float:
    event = asyncio.Event()
    begin = time.perf_counter()
    tasks = [asyncio.create_task(event.wait()) for _ in range(count)]
    await asyncio.sleep(0)      # all wait now
    event.set()
    for task in tasks:
        await task
    return time.perf_counter() - begin


def measure(count: int) -> float:
    if what == "asyncio":
        return asyncio.run(coroutines_at_once(count) if alive else
                           coroutines_one_by_one(count))
    return at_once(count) if alive else one_by_one(count)


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "threading.Thread"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    alive = "alive" in sys.argv[3:]
    if what == "gevent.spawn":
        import gevent
        from gevent.event import Event
        start = start_greenlet
    elif what == "asyncio":
        import asyncio
    else:
        import threading
        from threading import Event
        start = start_thread
    if what == "mixio.spawn":
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                               "python"))
        import mixio
        start = start_task
    measure(count // 20 + 1)
    if alive:
        measure(count)
    print(f"us {measure(count) / count * 1e6:.3f}")
