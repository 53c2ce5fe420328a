# SPDX-License-Identifier: MIT
"""An origin that sends bodies slowly, and clients that fetch them by proxy.

    slow.py origin SIZE CHUNKS SECONDS      prints its port
    slow.py fetch PROXY PROXYPORT ORIGINPORT FIRST COUNT SIZE

PROXY is "http", "socks" or "none".  Body n is the first SIZE bytes of
SHAKE128(n), so either side knows it.  fetch prints "good=N of=N hash=H", H
being a hash over all bodies in order.
"""
import asyncio
import hashlib
import resource
import struct
import sys

RAISED = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (RAISED, RAISED))


def body(n: int, size: int) -> bytes:
    """The pseudo-random body with number n."""
    return hashlib.shake_128(b"body %d" % n).digest(size)


async def origin(size: int, chunks: int, seconds: float) -> None:
    """Serve for ever."""
    async def handle(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            n = int(head.split()[1].rsplit(b"/", 1)[1])
            data = body(n, size)
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n"
                         b"Connection: close\r\n\r\n" % size)
            step = -(-size // chunks)
            for at in range(0, size, step):
                writer.write(data[at:at + step])
                await writer.drain()
                await asyncio.sleep(seconds / chunks)
        except (asyncio.IncompleteReadError, ConnectionError, IndexError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()


async def fetch(proxy: str, proxy_port: int, origin_port: int, first: int,
                count: int, size: int) -> None:
    """Fetch count bodies at the same time and compare them."""
    digests = {}
    errors = []

    async def one(n: int) -> None:
        try:
            port = origin_port if proxy == "none" else proxy_port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            where = b"/%d" % n
            if proxy == "http":
                where = b"http://127.0.0.1:%d/%d" % (origin_port, n)
            elif proxy == "socks":
                writer.write(b"\x05\x01\x00")
                if await reader.readexactly(2) != b"\x05\x00":
                    raise ValueError("method")
                writer.write(b"\x05\x01\x00\x01\x7f\x00\x00\x01" +
                             struct.pack(">H", origin_port))
                if (await reader.readexactly(10))[1] != 0:
                    raise ValueError("connect")
            writer.write(b"GET " + where + b" HTTP/1.0\r\n"
                         b"Host: 127.0.0.1:%d\r\n\r\n" % origin_port)
            answer = await reader.read(-1)
            writer.close()
            head, _, data = answer.partition(b"\r\n\r\n")
            if not head.split(b"\r\n")[0].endswith(b"200 OK"):
                raise ValueError(head[:60])
            if data != body(n, size):
                raise ValueError("%d bytes, wrong ones" % len(data))
            digests[n] = hashlib.sha256(data).digest()
        except Exception as error:  # every kind counts as a failure
            errors.append("%d: %r" % (n, error))

    await asyncio.gather(*[one(n) for n in range(first, first + count)])
    total = hashlib.sha256()
    for n in sorted(digests):
        total.update(digests[n])
    print("good=%d of=%d hash=%s" % (len(digests), count,
                                     total.hexdigest()[:32]))
    for e in errors[:5]:
        print(e)


if sys.argv[1] == "origin":
    asyncio.run(origin(int(sys.argv[2]), int(sys.argv[3]),
                       float(sys.argv[4])))
else:
    asyncio.run(fetch(sys.argv[2], *map(int, sys.argv[3:8])))
