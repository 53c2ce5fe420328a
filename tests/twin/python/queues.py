# SPDX-License-Identifier: MIT
"""queue and concurrent.futures."""
import concurrent.futures
import queue
import threading
import time

q = queue.Queue(maxsize=4)
seen = []
lock = threading.Lock()


def consume():
    while True:
        item = q.get()
        if item is None:
            return
        with lock:
            seen.append(item)
        if item % 50 == 0:
            time.sleep(0.001)
        q.task_done()


threads = [threading.Thread(target=consume) for _ in range(6)]
for t in threads:
    t.start()
for i in range(1000):
    q.put(i)
q.join()
for _ in threads:
    q.put(None)
for t in threads:
    t.join()
print(len(seen), sorted(seen) == list(range(1000)))
for cls in (queue.Queue, queue.LifoQueue, queue.SimpleQueue):
    x = cls()
    begin = time.monotonic()
    try:
        x.get(timeout=0.05)
    except queue.Empty:
        print(cls.__name__, "empty", time.monotonic() - begin >= 0.0499)
try:
    full = queue.Queue(1)
    full.put(1)
    full.put(2, timeout=0.02)
except queue.Full:
    print("full")

sq = queue.SimpleQueue()
got = []
t = threading.Thread(target=lambda: got.append(sq.get()))
t.start()
time.sleep(0.03)
sq.put("late")
t.join()
print(got)

with concurrent.futures.ThreadPoolExecutor(20) as pool:
    def slow(n):
        time.sleep(0.02)
        if n == 13:
            raise KeyError(n)
        return n * n
    futures = [pool.submit(slow, i) for i in range(60)]
    good = bad = 0
    for f in concurrent.futures.as_completed(futures):
        if f.exception():
            bad += 1
        else:
            good += f.result()
    print("sum", good, "failed", bad)
    print(list(pool.map(lambda n: n + 1, range(5))))
    f = pool.submit(time.sleep, 1)
    try:
        f.result(timeout=0.02)
    except concurrent.futures.TimeoutError:
        print("timeout")
print("pool closed", f.done())
