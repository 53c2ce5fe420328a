# SPDX-License-Identifier: MIT
"""faulthandler: dumps of all threads, the watchdog, a crash."""
import faulthandler
import os
import subprocess
import sys
import tempfile
import threading
import time


def parked():
    time.sleep(1)


if len(sys.argv) > 1:
    faulthandler.enable()
    threading.Thread(target=parked).start()
    time.sleep(0.05)
    if sys.argv[1] == "thread":
        t = threading.Thread(target=faulthandler._sigsegv)
        t.start()
        t.join()
    faulthandler._sigsegv()

threads = [threading.Thread(target=parked) for _ in range(3)]
for t in threads:
    t.start()
time.sleep(0.05)
with tempfile.TemporaryFile("w+") as f:
    faulthandler.dump_traceback(f, all_threads=True)
    f.seek(0)
    text = f.read()
print("in parked:", text.count("in parked"))
with tempfile.TemporaryFile("w+") as f:
    faulthandler.dump_traceback_later(0.1, file=f)
    time.sleep(0.4)
    f.seek(0)
    text = f.read()
print("later:", text.count("in parked"), text.startswith("Timeout"))
with tempfile.TemporaryFile("w+") as f:
    # While this thread computes, too.
    faulthandler.dump_traceback_later(0.1, file=f)
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        pass
    f.seek(0)
    print("computing:", f.read().startswith("Timeout"))
faulthandler.dump_traceback_later(60)
faulthandler.cancel_dump_traceback_later()
for t in threads:
    t.join()
for where in ("main", "thread"):
    p = subprocess.run([sys.executable, os.path.abspath(__file__), where],
                       stderr=subprocess.PIPE)
    err = p.stderr.decode()
    print(where, p.returncode, "Segmentation fault" in err,
          "in parked" in err)
