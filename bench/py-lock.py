#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two threads that wake each other by locks: us for one switch.

    py-lock.py [ROUND-TRIPS]
"""

import sys
import threading
import time


def play(rounds: int) -> float:
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()
    pong.acquire()

    def other() -> None:
        for _ in range(rounds):
            ping.acquire()
            pong.release()

    thread = threading.Thread(target=other)
    thread.start()
    start = time.perf_counter()
    for _ in range(rounds):
        ping.release()
        pong.acquire()
    elapsed = time.perf_counter() - start
    thread.join()
    return elapsed


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    play(rounds // 20 + 1)
    print(f"us {play(rounds) / (2 * rounds) * 1e6:.4f}")
