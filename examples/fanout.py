#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One HTTP request from each of many threads, with http.client.

    ./httpd --port 8080 &
    python3 fanout.py --count 2000 8080              # 2,000 kernel threads
    mixio run python3 fanout.py --count 2000 8080    # a few

A plain program: threading.Thread, http.client, nothing else. Every reply is
compared with what this very request has to bring. Progress goes to stderr,
the result to stdout; the exit status is 0 when all replies were right.
"""

from __future__ import annotations

import argparse
import http.client
import resource
import sys
import threading
import time


def fetch(host: str, port: int, ident: str, size: int) -> None:
    """Asks for /item/IDENT; raises unless the reply is the right one."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("GET", f"/item/{ident}")
        response = connection.getresponse()
        body = response.read()
        line = f"{ident}\n".encode()
        size = size or len(line)
        wanted = (line * (size // len(line) + 1))[:size]
        if response.status != 200 or body != wanted:
            raise ValueError(f"{ident}: status {response.status}, "
                             f"body {body[:80]!r}")
    finally:
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--count", type=int, default=2000,
                        help="threads, one request each")
    parser.add_argument("--size", type=int, default=0,
                        help="as given to the server")
    parser.add_argument("--together", action="store_true",
                        help="no thread begins before all are there")
    options = parser.parse_args()

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    done = 0
    failed: list[str] = []
    lock = threading.Lock()
    step = max(1, options.count // 10)
    go = threading.Event()

    def worker(number: int) -> None:
        nonlocal done
        go.wait()
        try:
            fetch(options.host, options.port, f"r{number}", options.size)
        except Exception as error:
            with lock:
                failed.append(f"r{number}: {error!r}")
        with lock:
            done += 1
            if done % step == 0:
                print(f"{done}/{options.count}", file=sys.stderr, flush=True)

    wall, cpu = time.monotonic(), time.process_time()
    if not options.together:
        go.set()
    threads = [threading.Thread(target=worker, args=(i,))
               for i in range(options.count)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu

    for line in failed[:10]:
        print("wrong:", line, file=sys.stderr)
    print(f"right {options.count - len(failed)} of {options.count} "
          f"wall_s {wall:.3f} cpu_s {cpu:.3f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
