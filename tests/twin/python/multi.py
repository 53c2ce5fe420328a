# SPDX-License-Identifier: MIT
# twin: timeout=90
"""multiprocessing: fork, spawn and forkserver; queues, pools, locks."""
import multiprocessing
import sys
import threading


def square(n):
    return n * n


def child(q, lock, n):
    with lock:
        q.put((n, threading.active_count() >= 1))


def echo(conn):
    while True:
        item = conn.recv()
        if item is None:
            break
        conn.send(item)
    conn.close()


def main():
    for method in ("fork", "spawn", "forkserver"):
        ctx = multiprocessing.get_context(method)
        q, lock = ctx.Queue(), ctx.Lock()
        ps = [ctx.Process(target=child, args=(q, lock, i)) for i in range(3)]
        for p in ps:
            p.start()
        got = sorted(q.get(timeout=60) for _ in ps)
        for p in ps:
            p.join()
        print(method, got, [p.exitcode for p in ps], flush=True)
        a, b = ctx.Pipe()
        p = ctx.Process(target=echo, args=(b,))
        p.start()
        b.close()
        a.send({"x": list(range(5))})
        print(a.recv(), flush=True)
        a.send(None)
        p.join()
        with ctx.Pool(2) as pool:
            print(pool.map(square, range(8)), flush=True)
            pool.close()
            pool.join()
        event = ctx.Event()
        t = threading.Timer(0.1, event.set)
        t.start()
        print(method, "event", event.wait(60), event.wait(0.01), flush=True)
        t.join()


if __name__ == "__main__":
    # Warnings about forks in programs with threads go to stderr.
    sys.stdout.flush()
    main()
