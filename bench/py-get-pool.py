#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/fanout.py's requests, from a gevent Pool: its rival there.

    py-get-pool.py PORT [COUNT]
"""

import gevent.monkey

gevent.monkey.patch_all()

import pathlib
import sys
import time

import gevent.pool

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))

import fanout


def main(port: int, count: int = 2000) -> int:
    wall, cpu = time.monotonic(), time.process_time()
    pool = gevent.pool.Pool(count)
    jobs = [pool.spawn(fanout.fetch, "127.0.0.1", port, f"r{i}", 0)
            for i in range(count)]
    gevent.joinall(jobs)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    right = sum(job.successful() for job in jobs)
    print(f"right {right} of {count} wall_s {wall:.3f} cpu_s {cpu:.3f}")
    return 0 if right == count else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
