# SPDX-License-Identifier: MIT
"""Event loops of other makers, each in a green thread of one kernel thread.

They know nothing of each other and of mixio.  They go in lockstep: none takes
its next step before all have taken theirs, so a loop that held up the others
would end the test.
"""
import asyncio
import http.client
import os
import threading
import time

import mixio
from mixio import _runtime
from suite import Case, LIMIT, library

STEPS = 20


class Lockstep:
    def __init__(self, names):
        self.steps = {name: 0 for name in names}
        self.domains = set()
        self.kernel_threads = 0
        self.end = time.monotonic() + LIMIT

    def step(self, name):
        self.steps[name] += 1
        self.domains.add(_runtime.domain())
        self.kernel_threads = max(self.kernel_threads,
                                  len(os.listdir("/proc/self/task")))

    def may(self, name):
        """Whether the others are as far."""
        if time.monotonic() > self.end:
            raise AssertionError("%s waits: %r" % (name, self.steps))
        return self.steps[name] <= min(self.steps.values())


async def in_asyncio(lock, name):
    for _ in range(STEPS):
        while not lock.may(name):
            await asyncio.sleep(0.001)
        lock.step(name)
    return type(asyncio.get_running_loop()).__module__.split(".")[0]


def with_asyncio(lock, name):
    return asyncio.run(in_asyncio(lock, name))


def with_uvloop(lock, name):
    import uvloop
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(in_asyncio(lock, name))
    finally:
        loop.close()


def with_gevent(lock, name):
    import gevent

    def steps():
        for _ in range(STEPS):
            while not lock.may(name):
                gevent.sleep(0.001)
            lock.step(name)
    hub = gevent.get_hub()
    others = [gevent.spawn(gevent.sleep, 0.001) for _ in range(10)]
    gevent.joinall([gevent.spawn(steps)] + others, raise_error=True)
    hub.destroy(destroy_loop=True)
    return "gevent"


def with_nothing(lock, name):
    for _ in range(STEPS):
        while not lock.may(name):
            time.sleep(0.001)
        lock.step(name)
    return "plain"


class Server:
    """A Tornado server; ends when it is told to."""

    def __init__(self, lock):
        self.lock = lock
        self.up = threading.Event()
        self.task = mixio.spawn(asyncio.run, self.main())

    async def main(self):
        import tornado.httpserver
        import tornado.netutil
        import tornado.web
        lock = self.lock

        class Step(tornado.web.RequestHandler):
            async def get(self, name):
                await asyncio.sleep(0.0001)
                self.write("hello " + name)
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        server = tornado.httpserver.HTTPServer(
            tornado.web.Application([(r"/(\w+)", Step)]))
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        server.add_sockets(sockets)
        self.up.set()
        await in_asyncio(lock, "server")
        await self.ended.wait()
        server.stop()
        await server.close_all_connections()

    def stop(self):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.task.result(LIMIT)


def request(name):
    return b"GET /%s HTTP/1.0\r\n\r\n" % name.encode()


async def get_asyncio(port, name):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(name))
    got = await reader.read()
    writer.close()
    return got


def get_uvloop(port, name):
    import uvloop
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(get_asyncio(port, name))
    finally:
        loop.close()


def get_gevent(port, name):
    import gevent.socket

    def get():
        s = gevent.socket.create_connection(("127.0.0.1", port))
        s.sendall(request(name))
        got = b""
        while True:
            more = s.recv(65536)
            if not more:
                s.close()
                return got
            got += more
    got = gevent.spawn(get).get()
    gevent.get_hub().destroy(destroy_loop=True)
    return got


def get_plain(port, name):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/" + name)
    got = connection.getresponse().read()
    connection.close()
    return got


class Loops(Case):
    def go(self, kinds):
        """Loops of these kinds in lockstep; what each says of itself."""
        lock = Lockstep(kinds)
        tasks = [mixio.spawn(kind, lock, name)
                 for name, kind in kinds.items()]
        got = [task.result(LIMIT * 2) for task in tasks]
        self.assertEqual(set(lock.steps.values()), {STEPS})
        self.assertEqual(lock.domains, {_runtime.domain()})
        return got

    def test_asyncio(self):
        got = self.go({"loop %d" % i: with_asyncio for i in range(20)})
        self.assertEqual(got, ["asyncio"] * 20)

    def test_asyncio_beside_the_opted_in_thread(self):
        """The thread itself runs one, too."""
        lock = Lockstep(["here", "there"])
        task = mixio.spawn(with_asyncio, lock, "there")
        with_asyncio(lock, "here")
        task.result(LIMIT)

    def test_calls_between_loops(self):
        """call_soon_threadsafe() and the like, from loop to loop."""
        loops = []
        ready = threading.Event()

        async def serve():
            loops.append(asyncio.get_running_loop())
            ended = asyncio.Event()
            loops.append(ended)
            ready.set()
            await ended.wait()

        async def double(x):
            await asyncio.sleep(0)
            return asyncio.get_running_loop(), 2 * x

        async def ask():
            got = [await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(
                double(i), loops[0])) for i in range(20)]
            loops[0].call_soon_threadsafe(loops[1].set)
            return got
        server = mixio.spawn(asyncio.run, serve())
        self.assertTrue(ready.wait(LIMIT))
        got = asyncio.run(ask())
        self.assertEqual(got, [(loops[0], 2 * i) for i in range(20)])
        server.result(LIMIT)

    def test_uvloop(self):
        if library("uvloop"):
            got = self.go({"loop %d" % i: with_uvloop for i in range(10)})
            self.assertEqual(got, ["uvloop"] * 10)

    def test_gevent(self):
        if library("gevent"):
            got = self.go({"hub %d" % i: with_gevent for i in range(5)})
            self.assertEqual(got, ["gevent"] * 5)

    def test_all_at_once(self):
        kinds = {"asyncio 1": with_asyncio, "asyncio 2": with_asyncio,
                 "plain": with_nothing}
        if library("uvloop"):
            kinds.update({"uvloop 1": with_uvloop, "uvloop 2": with_uvloop})
        if library("gevent"):
            kinds.update(gevent=with_gevent)
        self.go(kinds)

    def test_server_and_clients(self):
        """A Tornado server, and clients in loops of all kinds."""
        if not (library("tornado") and library("uvloop") and
                library("gevent")):
            return
        lock = Lockstep(["server", "plain"])
        server = Server(lock)
        plain = mixio.spawn(with_nothing, lock, "plain")
        self.assertTrue(server.up.wait(LIMIT))
        clients = [mixio.spawn(get, server.port, "%s%d" % (kind, i))
                   for i in range(5)
                   for kind, get in (
                       ("asyncio", lambda *a: asyncio.run(get_asyncio(*a))),
                       ("uvloop", get_uvloop), ("gevent", get_gevent),
                       ("plain", get_plain))]
        got = [c.result(LIMIT) for c in clients]
        for i, text in enumerate(got):
            kind = ("asyncio", "uvloop", "gevent", "plain")[i % 4]
            self.assertTrue(text.endswith(
                b"hello %s%d" % (kind.encode(), i // 4)), text)
        plain.result(LIMIT)
        server.stop()
        self.assertEqual(lock.domains, {_runtime.domain()})
