#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""asyncpg on uvloop: us of this process's CPU for one `select 1`.

    py-query-asyncpg.py HOST USER [CONNECTIONS [QUERIES]]
"""

import asyncio
import sys
import time

import asyncpg
import uvloop


async def main(host: str, user: str, connections: int = 50,
               queries: int = 400) -> int:
    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(host=host, user=user,
                                           database="postgres")
        await connection.fetch("select 1")
        return connection

    async def worker(connection: asyncpg.Connection) -> int:
        right = 0
        for _ in range(queries):
            right += (await connection.fetch("select 1"))[0][0] == 1
        return right

    everybody = [await connect() for _ in range(connections)]
    cpu = time.process_time()
    right = await asyncio.gather(*map(worker, everybody))
    cpu = time.process_time() - cpu
    print(f"us {cpu / (connections * queries) * 1e6:.3f}")
    return 0 if sum(right) == connections * queries else 1


if __name__ == "__main__":
    uvloop.install()
    sys.exit(asyncio.run(main(*sys.argv[1:3], *map(int, sys.argv[3:]))))
