# SPDX-License-Identifier: MIT
"""threading: threads, locals, locks of all kinds, names, idents."""
import sys
import threading
import time

local = threading.local()
lock = threading.Lock()
rlock = threading.RLock()
total = 0
results = []


def work(n):
    global total
    local.value = n
    for i in range(50):
        with lock:
            t = total
            if i % 10 == 0:
                time.sleep(0.0005)
            total = t + 1
        with rlock:
            with rlock:
                pass
    results.append(local.value == n and
                   threading.current_thread().name == "t%d" % n and
                   threading.get_ident() == threading.current_thread().ident)


threads = [threading.Thread(target=work, args=(i,), name="t%d" % i)
           for i in range(40)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("total", total, "good", sum(results))
print("alive", threading.active_count(), threading.main_thread().name)

# Events, conditions, semaphores, barriers, timers.
event = threading.Event()
cond = threading.Condition()
sem = threading.BoundedSemaphore(3)
barrier = threading.Barrier(5)
counts = {"event": 0, "cond": 0, "sem": 0, "most": 0, "serial": 0, "timer": 0}
state = {"go": False}


def waiter():
    if event.wait(20):
        with lock:
            counts["event"] += 1
    with cond:
        cond.wait_for(lambda: state["go"], timeout=20)
        counts["cond"] += 1
    with sem:
        with lock:
            counts["sem"] += 1
            counts["most"] = max(counts["most"], counts["sem"])
        time.sleep(0.002)
        with lock:
            counts["sem"] -= 1
    for _ in range(10):
        if barrier.wait(20) == 0:
            counts["serial"] += 1


threads = [threading.Thread(target=waiter) for _ in range(5)]
for t in threads:
    t.start()
time.sleep(0.05)
event.set()
with cond:
    state["go"] = True
    cond.notify_all()
for t in threads:
    t.join()
print(sorted(counts.items()))
timer = threading.Timer(0.03, lambda: counts.update(timer=1))
timer.start()
timer.join()
print("timer", counts["timer"])
t = threading.Timer(60, print)
t.start()
t.cancel()
t.join()

print("lock", lock.acquire(False), lock.acquire(False), lock.locked())
begin = time.monotonic()
print("timeout", lock.acquire(timeout=0.05),
      time.monotonic() - begin >= 0.0499)
lock.release()
try:
    lock.release()
except RuntimeError as e:
    print("RuntimeError")
try:
    rlock.release()
except RuntimeError as e:
    print("RuntimeError")
begin = time.monotonic()
print("event", threading.Event().wait(0.05),
      time.monotonic() - begin >= 0.0499)


# An exception in a thread is reported and the rest goes on.
def failing():
    time.sleep(0.001)
    raise ValueError("in a thread")


if hasattr(threading, "excepthook"):
    threading.excepthook = lambda args: print("hook", args.exc_type.__name__)
t = threading.Thread(target=failing)
t.start()
t.join()
print("done", t.is_alive())
t = threading.Thread(target=time.sleep, args=(0.2,))
t.start()
t.join(0.01)
print("alive", t.is_alive())
t.join()
print("alive", t.is_alive())


# A thread that computes does not stop the others.
def spin(until):
    while not until.is_set():
        pass


stop = threading.Event()
t = threading.Thread(target=spin, args=(stop,))
t.start()
for _ in range(5):
    time.sleep(0.01)
stop.set()
t.join()
print("spinner stopped")
threading.stack_size(256 * 1024)
t = threading.Thread(target=lambda: results.append(1))
t.start()
t.join()
print("small stack", results[-1])


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


threading.stack_size(0)
t = threading.Thread(target=lambda: results.append(deep(900)))
t.start()
t.join()
print("deep", results[-1])
# A daemon thread that is parked does not keep the process.
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
threading.Thread(target=stop.__class__().wait, daemon=True).start()
sys.stdout.flush()
