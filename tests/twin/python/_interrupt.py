# SPDX-License-Identifier: MIT
"""Ctrl-C for the programs whose main thread waits: see interrupt.py."""
import os
import select
import signal
import socket
import sys
import threading
import time

a, b = socket.socketpair()
lock = threading.Lock()
lock.acquire()
idle = threading.Thread(target=time.sleep, args=(30,), daemon=True)
idle.start()


def spin():
    x = 0
    while True:
        x += 1


waits = {
    "recv": lambda: a.recv(1),
    "recv timeout": lambda: (a.settimeout(30), a.recv(1)),
    "accept": lambda: listener.accept(),
    "sleep": lambda: time.sleep(30),
    "lock": lambda: lock.acquire(),
    "lock timeout": lambda: lock.acquire(timeout=30),
    "event": lambda: threading.Event().wait(),
    "condition": lambda: cond_wait(),
    "join": lambda: long.join(),
    "select": lambda: select.select([a], [], []),
    "poll": lambda: select_poll(),
    "epoll": lambda: select_epoll(),
    "read": lambda: os.read(os.pipe()[0], 1),
    "waitpid": lambda: os.waitpid(child(), 0),
    "computing": lambda: spin(),
    "pause": lambda: signal.pause(),
}
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)


def cond_wait():
    c = threading.Condition()
    with c:
        c.wait()


def select_poll():
    p = select.poll()
    p.register(a)
    p.modify(a, select.POLLIN)
    p.poll()


def select_epoll():
    p = select.epoll()
    p.register(a, select.EPOLLIN)
    p.poll()


def child():
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.close(1)
        os.close(2)
        time.sleep(10)
        os._exit(0)
    return pid


long = threading.Thread(target=time.sleep, args=(30,), daemon=True)
long.start()
what = sys.argv[1]
if len(sys.argv) > 2:
    # The same with a thread that computes all the time.
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
try:
    waits[what]()
except KeyboardInterrupt:
    print("interrupted in", what, flush=True)
    # And the program is as good as new.
    t = threading.Thread(target=b.send, args=(b"x",))
    t.start()
    t.join()
    a.settimeout(None)
    print(a.recv(1), flush=True)
    if what == "sleep":
        raise
    os._exit(7)
print("not interrupted", flush=True)
