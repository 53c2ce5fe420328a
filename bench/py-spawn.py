#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""threading.Thread: us to create and join one, one after the other.

    py-spawn.py [THREADS]
"""

import sys
import threading
import time


def spawn(count: int) -> float:
    def nothing() -> None:
        pass

    start = time.perf_counter()
    for _ in range(count):
        thread = threading.Thread(target=nothing)
        thread.start()
        thread.join()
    return time.perf_counter() - start


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    spawn(count // 20 + 1)
    print(f"us {spawn(count) / count * 1e6:.3f}")
