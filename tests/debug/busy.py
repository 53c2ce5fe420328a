# SPDX-License-Identifier: MIT
"""A Python program to be looked at: busy.py MODE

The main thread, when it has said "ready": park, loop (Python code), hold (C
code that keeps the interpreter's lock), hop (sits in a call on a helper).
"""
import fcntl
import os
import socket
import sys
import tempfile
import threading
import time

go = threading.Event()
a, b = socket.socketpair()


def in_bytes():
    a.recv(1)


def in_event():
    go.wait()


def in_sleep():
    time.sleep(1000)


def nested(n, fn):
    if n:
        nested(n - 1, fn)
    else:
        fn()


def answers():
    for _ in sys.stdin:
        print("here", flush=True)
    os._exit(0)


for fn in (in_bytes, in_event, in_sleep):
    threading.Thread(target=nested, args=(2, fn), name=fn.__name__,
                     daemon=True).start()
threading.Thread(target=answers, name="answers", daemon=True).start()
time.sleep(0.1)
mode = sys.argv[1]


def main_parks():
    b.recv(1)


def main_loops():
    while True:
        pass


def main_holds():
    sum(range(1 << 62))


def main_hops():
    with tempfile.TemporaryFile() as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        with open("/proc/self/fd/%d" % f.fileno()) as g:
            fcntl.flock(g, fcntl.LOCK_EX)


print("ready", flush=True)
{"park": main_parks, "loop": main_loops, "hold": main_holds,
 "hop": main_hops}[mode]()
