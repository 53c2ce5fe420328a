#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An echo server as an asyncio Protocol on uvloop: py-echo.py's rival."""

import asyncio

import uvloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=4096)
    print("listening on 127.0.0.1 port",
          server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main())
