# SPDX-License-Identifier: MIT
"""signal: handlers in main, set_wakeup_fd, sigwait, itimer, pthread_kill."""
import os
import signal
import socket
import threading
import time

seen = []


def handler(num, frame):
    seen.append((signal.Signals(num).name,
                 threading.current_thread() is threading.main_thread()))


signal.signal(signal.SIGUSR1, handler)
signal.signal(signal.SIGALRM, handler)
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01)
print(seen)
# PEP 475: the call is resumed after the handler.
seen.clear()
signal.setitimer(signal.ITIMER_REAL, 0.05)
begin = time.monotonic()
time.sleep(0.2)
print(seen, time.monotonic() - begin >= 0.1999)
seen.clear()
a, b = socket.socketpair()
signal.setitimer(signal.ITIMER_REAL, 0.05)
threading.Timer(0.2, b.send, (b"data",)).start()
print(a.recv(10), seen)
seen.clear()
signal.setitimer(signal.ITIMER_REAL, 0.05)
lock = threading.Lock()
lock.acquire()
threading.Timer(0.2, lock.release).start()
print(lock.acquire(), seen)
seen.clear()
event = threading.Event()
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
threading.Timer(0.2, event.set).start()
print(event.wait(), seen)


# A handler that raises ends the wait.
class Stop(Exception):
    pass


def raising(num, frame):
    raise Stop


signal.signal(signal.SIGALRM, raising)
for wait in (lambda: time.sleep(20), lambda: a.recv(1), lock.acquire,
             threading.Event().wait, lambda: threading.Event().wait(20)):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        wait()
    except Stop:
        print("stopped")
r, w = socket.socketpair()
r.setblocking(False)
w.setblocking(False)
signal.set_wakeup_fd(w.fileno())
seen.clear()
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.05)
print(r.recv(10) == bytes([signal.SIGUSR1]), seen)
signal.set_wakeup_fd(-1)
# A signal while a thread computes and main waits in join.
seen.clear()
stop = []


def spin():
    while not stop:
        pass


t = threading.Thread(target=spin)
t.start()


def send():
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.05)
    stop.append(1)


threading.Timer(0.05, send).start()
t.join()
time.sleep(0.05)
print(seen)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
got = []
t = threading.Thread(target=lambda: got.append(
    signal.sigwait([signal.SIGUSR2])))
t.start()
time.sleep(0.05)
os.kill(os.getpid(), signal.SIGUSR2)
t.join()
print(got == [signal.SIGUSR2])
print(signal.sigtimedwait([signal.SIGUSR2], 0.05))
