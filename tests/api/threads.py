# SPDX-License-Identifier: MIT
"""A Python program that opts in by itself; prints lines for api.sh."""
import ctypes
import os
import threading
import time

N = 200


def ok(good, name):
    """One result."""
    print("%sok %s" % ("" if good else "not ", name), flush=True)


libc = ctypes.CDLL(None)
ok(libc.mixio_entered() == 0, "not entered at first")
ok(libc.mixio_enter() == 0, "enter")
ok(libc.mixio_entered() == 1, "entered")
begin = time.monotonic()
done = []


def sleeper(i):
    """A thread that sleeps."""
    time.sleep(1.0)
    done.append((i, libc.mixio_entered()))


threads = [threading.Thread(target=sleeper, args=(i,)) for i in range(N)]
for thread in threads:
    thread.start()
tasks = len(os.listdir("/proc/self/task"))
print("%d kernel threads" % tasks)
ok(tasks <= 20, "200 threads on a few kernel threads")
ok(libc.mixio_leave() != 0, "leave: they are alive")
for thread in threads:
    thread.join()
took = time.monotonic() - begin
print("%.2f s" % took)
ok(1.0 <= took < 10.0, "they slept at the same time")
ok(sorted(done) == [(i, 1) for i in range(N)], "all came to their end")
ok(libc.mixio_leave() == 0, "leave")
ok(libc.mixio_entered() == 0, "not entered any more")
