#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Slow queries over many PostgreSQL connections at once, with psycopg2.

    python3 queries.py 'host=/tmp dbname=postgres'              # 100 threads
    mixio run python3 queries.py 'host=/tmp dbname=postgres'    # one

One thread and one connection each; libpq waits, as always, in poll(). Every
row is compared with what this very query has to bring. Progress goes to
stderr, the result to stdout; the exit status is 0 when all rows were right.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import threading
import time

import psycopg2

SLOW = "select pg_sleep(%s)::text, %s::int, %s::int * %s::int, md5(%s)"
FAST = "select ''::text, %s::int, %s::int * %s::int, md5(%s)"


def ask(cursor, sleep: float, thread: int, query: int) -> None:
    """Runs one query; raises unless its row is the right one."""
    text = f"{thread}-{query}"
    if sleep:
        cursor.execute(SLOW, (sleep, thread, thread, query, text))
    else:
        cursor.execute(FAST, (thread, thread, query, text))
    rows = cursor.fetchall()
    wanted = [("", thread, thread * query,
               hashlib.md5(text.encode()).hexdigest())]
    if rows != wanted:
        raise ValueError(f"{rows!r} in place of {wanted!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dsn")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--queries", type=int, default=10,
                        help="on each connection, one after another")
    parser.add_argument("--sleep", type=float, default=0.05,
                        help="seconds that the server waits in each")
    options = parser.parse_args()

    total = options.connections * options.queries
    done = 0
    failed: list[str] = []
    lock = threading.Lock()
    step = max(1, total // 10)

    def worker(thread: int) -> None:
        nonlocal done
        try:
            connection = psycopg2.connect(options.dsn)
            connection.autocommit = True
            cursor = connection.cursor()
            for query in range(options.queries):
                ask(cursor, options.sleep, thread, query)
                with lock:
                    done += 1
                    if done % step == 0:
                        print(f"{done}/{total}", file=sys.stderr, flush=True)
            connection.close()
        except Exception as error:
            with lock:
                failed.append(f"connection {thread}: {error!r}")

    wall, cpu = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=worker, args=(i,))
               for i in range(options.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu

    for line in failed[:10]:
        print("wrong:", line, file=sys.stderr)
    print(f"right {done} of {total} wall_s {wall:.3f} cpu_s {cpu:.3f}")
    return 0 if done == total and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
