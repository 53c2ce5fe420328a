#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1,000 threads that sleep for a second, in a program that opts itself in.

    python3 01-sleepers.py                            # 1,001 kernel threads
    LD_PRELOAD=/usr/local/lib/mixio/libmixio.so python3 01-sleepers.py   # a few

The line that opts the main thread in is the only one that knows of mixio,
and it may fail: without the preload the program runs on kernel threads.
`mixio run python3 01-sleepers.py` needs not even that line.
"""

import ctypes
import os
import threading
import time

COUNT = 1000


def enter() -> bool:
    """Opts the calling thread in; False where mixio is not preloaded."""
    try:
        return ctypes.CDLL(None).mixio_enter() == 0
    except AttributeError:
        return False


def main() -> None:
    active = enter()
    awake = []

    def sleeper(number: int) -> None:
        time.sleep(1)
        awake.append(number)

    start = time.monotonic()
    threads = [threading.Thread(target=sleeper, args=(i,))
               for i in range(COUNT)]
    for thread in threads:
        thread.start()
    kernel_threads = len(os.listdir("/proc/self/task"))
    for thread in threads:
        thread.join()
    assert sorted(awake) == list(range(COUNT))
    print(f"mixio {'active' if active else 'not active'}: {COUNT} threads "
          f"slept 1 s each in {time.monotonic() - start:.2f} s "
          f"on {kernel_threads} kernel threads")


if __name__ == "__main__":
    main()
