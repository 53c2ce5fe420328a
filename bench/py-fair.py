#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thread that sleeps 10 ms at a time beside a busy Python loop; see fair.c.

    py-fair.py [SECONDS]
"""

import sys
import threading
import time


def main(seconds: float) -> None:
    over = False

    def hog() -> None:
        nonlocal over
        end = time.monotonic() + seconds
        work = 0
        while time.monotonic() < end:
            for i in range(1000):
                work += i
        over = True

    thread = threading.Thread(target=hog)
    thread.start()
    turns = []
    while not over:
        start = time.perf_counter()
        time.sleep(0.01)
        turns.append((time.perf_counter() - start) * 1e3)
    thread.join()
    turns.sort()
    print(f"p50 {turns[len(turns) // 2]:.3f}")
    print(f"p99 {turns[(len(turns) - 1) * 99 // 100]:.3f}")
    print(f"max {turns[-1]:.3f}")
    print(f"turns {len(turns)}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2)
