#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many HTTP requests at once, a thread each, by a blocking client.

    py-get-sync.py http.client|requests|httpx PORT [COUNT]

Each request is a connection of its own; with httpx, out of one Client for all
threads, as a Client reads certificates. Every reply is compared with what it
has to be. Prints the CPU time of this process for a request, threads included,
and when the replies were there, from before the first thread was made: a client
that begins with all requests at once is no worse than one that makes threads.
"""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from figures import latencies

Answer = tuple[int, bytes]


def by_http_client(port: int, path: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def by_requests(port: int, path: str) -> Answer:
    response = requests.get(f"http://127.0.0.1:{port}{path}", timeout=60)
    return response.status_code, response.content


def by_httpx(port: int, path: str) -> Answer:
    response = client.get(f"http://127.0.0.1:{port}{path}",
                          headers={"connection": "close"})
    return response.status_code, response.content


def main(port: int, count: int = 2000) -> int:
    took: list[float] = []

    def worker(number: int) -> None:
        answer = get(port, f"/item/r{number}")
        if answer == (200, f"r{number}\n".encode()):
            took.append(time.perf_counter() - wall)

    wall, cpu = time.perf_counter(), time.process_time()
    threads = []
    for i in range(count):
        threads.append(threading.Thread(target=worker, args=(i,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if len(took) != count:
        sys.exit(f"{len(took)} replies of {count} are right")
    print(f"us {cpu / count * 1e6:.1f} wall_s {wall:.3f}")
    print(latencies(took, "ms"))
    return 0


if __name__ == "__main__":
    name = sys.argv[1]
    if name == "http.client":
        import http.client
        get = by_http_client
    elif name == "requests":
        import requests
        get = by_requests
    else:
        import httpx
        client = httpx.Client(timeout=60, limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=0))
        get = by_httpx
    sys.exit(main(*map(int, sys.argv[2:])))
