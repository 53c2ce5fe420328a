#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two tasks on uvloop that wake each other by asyncio's locks.

    py-lock-uvloop.py [ROUND-TRIPS]
"""

import asyncio
import sys
import time

import uvloop


async def play(rounds: int) -> float:
    ping, pong = asyncio.Lock(), asyncio.Lock()
    await ping.acquire()
    await pong.acquire()

    async def other() -> None:
        for _ in range(rounds):
            await ping.acquire()
            pong.release()

    task = asyncio.ensure_future(other())
    start = time.perf_counter()
    for _ in range(rounds):
        ping.release()
        await pong.acquire()
    elapsed = time.perf_counter() - start
    await task
    return elapsed


async def main(rounds: int) -> None:
    await play(rounds // 20 + 1)
    print(f"us {await play(rounds) / (2 * rounds) * 1e6:.4f}")


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000))
