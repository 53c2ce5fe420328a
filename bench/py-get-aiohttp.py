#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/fanout.py's requests, by aiohttp on uvloop: its rival there.

    py-get-aiohttp.py PORT [COUNT]
"""

import asyncio
import sys
import time

import aiohttp
import uvloop


async def main(port: int, count: int = 2000) -> int:
    async def fetch(ident: str) -> bool:
        url = f"http://127.0.0.1:{port}/item/{ident}"
        async with session.get(url) as response:
            return (response.status == 200 and
                    await response.read() == f"{ident}\n".encode())

    wall, cpu = time.monotonic(), time.process_time()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        right = sum(await asyncio.gather(
            *(fetch(f"r{i}") for i in range(count))))
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(f"right {right} of {count} wall_s {wall:.3f} cpu_s {cpu:.3f}")
    return 0 if right == count else 1


if __name__ == "__main__":
    uvloop.install()
    sys.exit(asyncio.run(main(*map(int, sys.argv[1:]))))
