#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Load for web.py: clients that each have one request under way.

    load.py PORT PID PATH CLIENTS REQUESTS IDLE

PID is the process that does the work. IDLE more connections, each used once,
are there all the time, to see what they cost. Prints us of the server's CPU
for a request, ms that requests took, requests a second, kernel threads, and
KiB that an idle connection added. Each reply is compared with what it has to be.
"""

import asyncio
import json
import pathlib
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[1]),
                str(pathlib.Path(__file__).parents[2] / "scripts")]

import lab
from figures import latencies


def status_line(pid: int, name: str) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith(name + ":"))


class Client:
    """A connection that stays."""

    async def connect(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port)

    async def get(self, path: str, number: int) -> float:
        """One request; gives the seconds that it took."""
        start = time.perf_counter()
        self.writer.write(f"GET {path}/{number} HTTP/1.1\r\n"
                          "Host: 127.0.0.1\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines
                      if line.startswith("content-length:"))
        body = await self.reader.readexactly(length)
        took = time.perf_counter() - start
        if lines[0].split()[1] != "200" or "connection: close" in lines:
            raise ValueError(f"wrong reply: {head + body!r}")
        if json.loads(body) != {"number": number, "item": str(number),
                                "twice": 2 * number}:
            raise ValueError(f"wrong body: {body!r}")
        return took


async def main(port: int, pid: int, path: str, count: int, requests: int,
               idle: int) -> None:
    numbers = iter(range(1, 1 << 30))

    async def work(client: Client, times: int) -> list[float]:
        return [await client.get(path, next(numbers)) for _ in range(times)]

    async def once(client: Client) -> None:
        await client.connect(port)
        await client.get(path, next(numbers))

    clients = [Client() for _ in range(count)]
    await asyncio.gather(*map(once, clients))
    # Twice: threads, caches and connections to the backend are there.
    await asyncio.gather(*(work(client, 1) for client in clients))
    before = status_line(pid, "VmRSS")
    resting: list[Client] = []
    while len(resting) < idle:
        some = [Client() for _ in range(min(count, idle - len(resting)))]
        await asyncio.gather(*map(once, some))
        resting += some
    memory = status_line(pid, "VmRSS") - before

    times = max(requests // count, 1)
    wall, cpu = time.perf_counter(), lab.cpu_seconds(pid)
    took = sum(await asyncio.gather(
        *(work(client, times) for client in clients)), [])
    wall, cpu = time.perf_counter() - wall, lab.cpu_seconds(pid) - cpu
    print(f"us {cpu / len(took) * 1e6:.1f} rate {len(took) / wall:.1f}")
    print(latencies(took, "ms"))
    print(f"idle_kb {memory / idle:.2f} threads {status_line(pid, 'Threads')}")


if __name__ == "__main__":
    words = sys.argv[1:]
    asyncio.run(main(int(words[0]), int(words[1]), words[2],
                     *map(int, words[3:])))
