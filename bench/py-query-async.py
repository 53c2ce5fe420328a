#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""py-query.py by drivers for asyncio, on uvloop.

    py-query-async.py asyncpg|psycopg DSN [CONNECTIONS [QUERIES]]
"""

import asyncio
import pathlib
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from figures import latencies

Query = Callable[[], Awaitable[list]]


async def by_asyncpg(dsn: str) -> Query:
    words = dict(word.split("=") for word in dsn.split())
    connection = await asyncpg.connect(
        host=words["host"], user=words["user"], database=words["dbname"])
    return lambda: connection.fetch("select 1")


async def by_psycopg(dsn: str) -> Query:
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    cursor = connection.cursor()

    async def query() -> list:
        await cursor.execute("select 1")
        return await cursor.fetchall()

    return query


async def main(driver: str, dsn: str, connections: int = 50,
               queries: int = 400) -> int:
    took: list[float] = []

    async def worker(query: Query) -> int:
        right = 0
        for _ in range(queries):
            start = time.perf_counter()
            right += (await query())[0][0] == 1
            took.append(time.perf_counter() - start)
        return right

    connect = by_asyncpg if driver == "asyncpg" else by_psycopg
    everybody = [await connect(dsn) for _ in range(connections)]
    for query in everybody:
        await query()
    cpu = time.process_time()
    right = await asyncio.gather(*map(worker, everybody))
    cpu = time.process_time() - cpu
    print(f"us {cpu / (connections * queries) * 1e6:.3f}")
    print(latencies(took, "us"))
    return 0 if sum(right) == connections * queries else 1


if __name__ == "__main__":
    if sys.argv[1] == "asyncpg":
        import asyncpg
    else:
        import psycopg
    uvloop.install()
    sys.exit(asyncio.run(main(*sys.argv[1:3], *map(int, sys.argv[3:]))))
