# SPDX-License-Identifier: MIT
"""A thread in a Python loop for 2 s beside one that sleeps 10 ms at a time."""
import sys
import threading
import time

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
took = []


def spin() -> None:
    """Compute without ever blocking."""
    end = time.monotonic() + SECONDS
    x = 0
    while time.monotonic() < end:
        for _ in range(1000):
            x += 1


def sleeps() -> None:
    """Record how long each sleep takes."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        begin = time.monotonic()
        time.sleep(0.01)
        took.append(time.monotonic() - begin)


threads = [threading.Thread(target=spin), threading.Thread(target=sleeps)]
for t in threads:
    t.start()
for t in threads:
    t.join()
took.sort()
print("n=%d p50=%.2f p99=%.2f max=%.2f" % (
    len(took), took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3,
    took[-1] * 1e3))
