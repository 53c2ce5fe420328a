#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""psycopg2 and psycopg: us of this process's CPU for one `select 1`.

    py-query.py psycopg2|psycopg DSN [CONNECTIONS [QUERIES]]
    py-query.py --gevent psycopg2|psycopg DSN ...   # patched

A thread a connection. Under gevent, psycopg2 gets a wait callback; psycopg sees
by itself that it is patched. Each row is checked. Connecting is not counted.
"""

import sys

words = sys.argv[1:]
patched = "--gevent" in words
if patched:
    words.remove("--gevent")
    import gevent.monkey
    gevent.monkey.patch_all()

import importlib
import pathlib
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from figures import latencies

driver = importlib.import_module(words[0])

if patched and words[0] == "psycopg2":
    import psycopg2.extensions

    import gevent_wait

    psycopg2.extensions.set_wait_callback(gevent_wait.wait)


def main(dsn: str, connections: int = 50, queries: int = 400) -> int:
    ready = threading.Semaphore(0)
    go = threading.Event()
    right = []
    took: list[float] = []

    def worker() -> None:
        try:
            connection = driver.connect(dsn)
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("select 1")
        finally:
            ready.release()
        go.wait()
        count = 0
        for _ in range(queries):
            start = time.perf_counter()
            cursor.execute("select 1")
            count += cursor.fetchall() == [(1,)]
            took.append(time.perf_counter() - start)
        right.append(count)

    threads = [threading.Thread(target=worker) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for _ in threads:
        ready.acquire()
    cpu = time.process_time()
    go.set()
    for thread in threads:
        thread.join()
    cpu = time.process_time() - cpu
    print(f"us {cpu / (connections * queries) * 1e6:.3f}")
    print(latencies(took, "us"))
    return 0 if sum(right) == connections * queries else 1


if __name__ == "__main__":
    sys.exit(main(words[1], *map(int, words[2:])))
