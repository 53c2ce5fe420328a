#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""psycopg2: us of this process's CPU for one `select 1`.

    py-query.py DSN [CONNECTIONS [QUERIES]]    # a thread a connection
    py-query.py --gevent DSN ...               # patched, with a wait callback

Each row is checked. Connecting is not counted.
"""

import sys

words = sys.argv[1:]
if "--gevent" in words:
    words.remove("--gevent")
    import gevent.monkey
    gevent.monkey.patch_all()
    import gevent.socket
    import psycopg2.extensions

    def wait(connection) -> None:
        """As the psycopg2 documentation has it."""
        while True:
            state = connection.poll()
            if state == psycopg2.extensions.POLL_OK:
                return
            if state == psycopg2.extensions.POLL_READ:
                gevent.socket.wait_read(connection.fileno())
            else:
                gevent.socket.wait_write(connection.fileno())

    psycopg2.extensions.set_wait_callback(wait)

import threading
import time

import psycopg2


def main(dsn: str, connections: int = 50, queries: int = 400) -> int:
    ready = threading.Semaphore(0)
    go = threading.Event()
    right = []

    def worker() -> None:
        try:
            connection = psycopg2.connect(dsn)
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("select 1")
        finally:
            ready.release()
        go.wait()
        count = 0
        for _ in range(queries):
            cursor.execute("select 1")
            count += cursor.fetchall() == [(1,)]
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
    return 0 if sum(right) == connections * queries else 1


if __name__ == "__main__":
    sys.exit(main(words[0], *map(int, words[1:])))
