#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""threading.Thread, or mixio.spawn(): us to create one and have its end.

    py-spawn.py [THREADS] [alive] [tasks]

One after the other; alive: all wait for the same event, THREADS at once.
tasks: mixio.spawn(), in a thread that has opted in.
"""

import pathlib
import sys
import threading
import time
from typing import Any, Callable


def start_thread(function: Callable[[], object]) -> Callable[[], Any]:
    thread = threading.Thread(target=function)
    thread.start()
    return thread.join


def start_task(function: Callable[[], object]) -> Callable[[], Any]:
    return mixio.spawn(function).result


def one_by_one(count: int) -> float:
    def nothing() -> None:
        pass

    begin = time.perf_counter()
    for _ in range(count):
        start(nothing)()
    return time.perf_counter() - begin


def at_once(count: int) -> float:
    event = threading.Event()
    begin = time.perf_counter()
    ends = [start(event.wait) for _ in range(count)]
    event.set()
    for end in ends:
        end()
    return time.perf_counter() - begin


if __name__ == "__main__":
    words = sys.argv[1:]
    measure = at_once if "alive" in words else one_by_one
    start = start_thread
    if "tasks" in words:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                               "python"))
        import mixio
        start = start_task
    count = int(words[0]) if words and words[0].isdigit() else 5000
    measure(count // 20 + 1)
    if "alive" in words:
        measure(count)
    print(f"us {measure(count) / count * 1e6:.3f}")
