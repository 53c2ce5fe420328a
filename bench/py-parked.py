#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory of a Python thread that waits for a lock; see parked.c.

    py-parked.py [THREADS]
    py-parked.py --tasks [TASKS]    # asyncio tasks that wait for an event
"""

import asyncio
import sys
import threading
import time


def sum_of(path: str, *names: str) -> int:
    """The sum, in KiB, of the lines of a /proc file with these names."""
    with open(path, encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file
                   if line.split(":")[0] in names)


def resident() -> int:
    return sum_of("/proc/self/smaps_rollup", "Rss")


def kernel() -> int:
    return sum_of("/proc/meminfo", "KernelStack", "PageTables", "SUnreclaim")


def threads(count: int) -> tuple:
    gate = threading.Lock()
    gate.acquire()
    here = threading.Semaphore(0)

    def stay() -> None:
        here.release()
        with gate:
            pass

    everybody = [threading.Thread(target=stay, daemon=True)]
    everybody[0].start()
    here.acquire()
    time.sleep(0.2)
    before = resident(), kernel()
    for _ in range(count - 1):
        everybody.append(threading.Thread(target=stay, daemon=True))
        everybody[-1].start()
    for _ in range(count - 1):
        here.acquire()
    time.sleep(0.2)
    after = resident(), kernel()
    gate.release()
    for thread in everybody:
        thread.join()
    return before, after


async def tasks(count: int) -> tuple:
    gate = asyncio.Event()

    async def stay() -> None:
        await gate.wait()

    everybody = [asyncio.ensure_future(stay())]
    await asyncio.sleep(0.2)
    before = resident(), kernel()
    everybody += [asyncio.ensure_future(stay()) for _ in range(count - 1)]
    await asyncio.sleep(0.2)
    after = resident(), kernel()
    gate.set()
    await asyncio.gather(*everybody)
    return before, after


if __name__ == "__main__":
    words = sys.argv[1:]
    as_tasks = "--tasks" in words
    if as_tasks:
        words.remove("--tasks")
    count = int(words[0]) if words else 5000
    before, after = asyncio.run(tasks(count)) if as_tasks else threads(count)
    print(f"user_kb {(after[0] - before[0]) / (count - 1):.3f}")
    print(f"kernel_kb {(after[1] - before[1]) / (count - 1):.3f}")
