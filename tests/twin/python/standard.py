# SPDX-License-Identifier: MIT
"""Assorted library parts that threads use: logging, contextvars, weakref."""
import contextvars
import gc
import json
import logging
import os
import sched
import sqlite3
import tempfile
import threading
import time
import weakref

log = []


class ToList(logging.Handler):
    def emit(self, record):
        log.append(record.getMessage())


logger = logging.getLogger("twin")
logger.addHandler(ToList())
logger.setLevel(logging.INFO)
var = contextvars.ContextVar("var", default=0)
bad = []


def work(n):
    var.set(n)
    for i in range(20):
        logger.info("%d %d", n, i)
        if var.get() != n:
            bad.append(n)
        time.sleep(0.0005)
    gc.collect() if n == 3 else None


ts = [threading.Thread(target=work, args=(i,)) for i in range(10)]
for t in ts:
    t.start()
for t in ts:
    t.join()
print(len(log), len(set(log)), bad, var.get())


class Thing:
    pass


def dies(refs):
    x = Thing()
    refs.append(weakref.ref(x))
    x.me = x
    time.sleep(0.001)


refs = []
ts = [threading.Thread(target=dies, args=(refs,)) for _ in range(20)]
for t in ts:
    t.start()
for t in ts:
    t.join()
gc.collect()
print(len(refs), sum(r() is None for r in refs))
s = sched.scheduler(time.monotonic, time.sleep)
order = []
base = time.monotonic()
for d in (0.03, 0.01, 0.02):
    s.enterabs(base + d, 1, order.append, (d,))
s.run()
print(order)
name = os.path.join(tempfile.mkdtemp(dir="."), "db")


def insert(n):
    db = sqlite3.connect(name, timeout=30, isolation_level=None)
    for i in range(5):
        db.execute("insert into t values (?, ?)", (n, i))
    db.close()


db = sqlite3.connect(name)
db.execute("create table t (a, b)")
db.commit()
db.close()
ts = [threading.Thread(target=insert, args=(i,)) for i in range(8)]
for t in ts:
    t.start()
for t in ts:
    t.join()
db = sqlite3.connect(name)
print(db.execute("select count(*), sum(a), sum(b) from t").fetchone())
r, w = os.pipe()
reader, writer = os.fdopen(r), os.fdopen(w, "w")
t = threading.Timer(0.03, lambda: (json.dump({"a": 1}, writer),
                                   writer.close()))
t.start()
print(json.load(reader))
print(time.thread_time() >= 0, threading.get_native_id() == os.getpid())
