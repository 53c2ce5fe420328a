# SPDX-License-Identifier: MIT
"""asyncio: tasks, executor, streams, subprocess, signals, threads."""
import asyncio
import signal
import sys
import threading
import time


async def streams():
    async def handle(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line[::-1].strip() + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()

    async def client(n):
        reader, writer = await asyncio.open_connection(*address)
        good = 0
        for i in range(5):
            writer.write(b"%d,%d\n" % (n, i))
            line = await reader.readline()
            good += line.strip() == (b"%d,%d" % (n, i))[::-1]
        writer.close()
        return good

    good = await asyncio.gather(*[client(i) for i in range(40)])
    server.close()
    await server.wait_closed() if sys.version_info < (3, 12) else None
    return sum(good)


async def main():
    loop = asyncio.get_running_loop()
    begin = time.monotonic()
    await asyncio.gather(*[asyncio.sleep(0.1) for _ in range(100)])
    print("slept", 0.0999 <= time.monotonic() - begin < 5)
    print("streams", await streams())
    jobs = [loop.run_in_executor(None, time.sleep, 0.02) for _ in range(30)]
    await asyncio.gather(*jobs)
    print("executor", len(jobs))
    p = await asyncio.create_subprocess_exec(
        "sh", "-c", "cat; exit 4", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE)
    out, _ = await p.communicate(b"to the child")
    print("subprocess", out, p.returncode)
    try:
        await asyncio.wait_for(asyncio.sleep(20), 0.05)
    except asyncio.TimeoutError:
        print("timeout")
    got = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, got.set)
    threading.Timer(0.05, signal.raise_signal, (signal.SIGUSR1,)).start()
    await asyncio.wait_for(got.wait(), 20)
    print("signal")
    future = loop.create_future()
    threading.Timer(0.05, loop.call_soon_threadsafe,
                    (future.set_result, 42)).start()
    print("from a thread", await future)


asyncio.run(main())


# A loop in each of several threads.
def in_thread(n, out):
    async def work():
        await asyncio.sleep(0.02)
        return n
    out.append(asyncio.run(work()))


out = []
ts = [threading.Thread(target=in_thread, args=(i, out)) for i in range(8)]
for t in ts:
    t.start()
for t in ts:
    t.join()
print(sorted(out))
