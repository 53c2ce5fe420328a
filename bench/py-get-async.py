#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The requests of py-get-sync.py by clients for asyncio, on uvloop.

    py-get-async.py aiohttp|httpx PORT [COUNT]
"""

import asyncio
import pathlib
import sys
import time

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from figures import latencies


async def main(name: str, port: int, count: int = 2000) -> int:
    took: list[float] = []

    async def by_aiohttp(url: str) -> tuple[int, bytes]:
        async with client.get(url) as response:
            return response.status, await response.read()

    async def by_httpx(url: str) -> tuple[int, bytes]:
        response = await client.get(url, headers={"connection": "close"})
        return response.status_code, response.content

    async def worker(number: int) -> None:
        answer = await get(f"http://127.0.0.1:{port}/item/r{number}")
        if answer == (200, f"r{number}\n".encode()):
            took.append(time.perf_counter() - wall)

    if name == "aiohttp":
        client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(
            limit=0, force_close=True))
        get = by_aiohttp
    else:
        client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=0))
        get = by_httpx
    async with client:
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker(i) for i in range(count)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if len(took) != count:
        sys.exit(f"{len(took)} replies of {count} are right")
    print(f"us {cpu / count * 1e6:.1f} wall_s {wall:.3f}")
    print(latencies(took, "ms"))
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "aiohttp":
        import aiohttp
    else:
        import httpx
    uvloop.install()
    sys.exit(asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:]))))
