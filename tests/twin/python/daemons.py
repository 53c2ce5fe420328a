# SPDX-License-Identifier: MIT
"""Daemon threads at the end: parked, computing, printing in finalisation."""
import atexit
import socket
import threading
import time

a, b = socket.socketpair()


def loop():
    while True:
        time.sleep(0.0005)


def spin():
    while True:
        pass


atexit.register(lambda: print("atexit", flush=True))
for target in (loop, loop, spin, lambda: a.recv(1),
               lambda: threading.Lock().__enter__(),
               lambda: threading.Event().wait()):
    threading.Thread(target=target, daemon=True).start()
time.sleep(0.1)


def last():
    time.sleep(0.1)
    print("last ordinary thread", flush=True)


threading.Thread(target=last).start()
print("main ends", flush=True)
