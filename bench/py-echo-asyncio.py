#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Echo servers for asyncio: py-echo.py's rivals.

    py-echo-asyncio.py asyncio|uvloop protocol|streams [BYTES]

BYTES is what a stream's read() is asked for, 4,096 unless told; a Protocol is
not asked.
"""

import asyncio
import sys

SIZE = int(sys.argv[3]) if len(sys.argv) > 3 else 4096


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def serve(reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(SIZE):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(kind: str) -> None:
    where = {"host": "127.0.0.1", "port": 0, "backlog": 4096}
    if kind == "streams":
        server = await asyncio.start_server(serve, **where)
    else:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, **where)
    print("listening on 127.0.0.1 port",
          server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        import uvloop
        uvloop.install()
    asyncio.run(main(sys.argv[2]))
