# SPDX-License-Identifier: MIT
"""subprocess in several threads at once; pipes, timeouts, signals."""
import os
import subprocess
import sys
import threading

results = {}


def run(n):
    out = subprocess.run(["sh", "-c", "read x; echo got $x; exit %d" % n],
                         input=b"line %d\n" % n, stdout=subprocess.PIPE)
    results[n] = (out.returncode, out.stdout)


threads = [threading.Thread(target=run, args=(i,)) for i in range(30)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(all(results[n] == (n, b"got line %d\n" % n) for n in range(30)))
try:
    subprocess.run(["sleep", "20"], timeout=0.1)
except subprocess.TimeoutExpired:
    print("timed out")
p = subprocess.Popen(["sleep", "20"])
p.terminate()
print("terminated", p.wait())
big = os.urandom(1 << 20)
out = subprocess.run(["cat"], input=big, stdout=subprocess.PIPE).stdout
print("through cat", out == big)
print(subprocess.check_output([sys.executable, "-c",
                               "import threading; print(6 * 7)"]))
try:
    subprocess.check_call(["false"])
except subprocess.CalledProcessError as e:
    print("failed with", e.returncode)
try:
    subprocess.run(["/no/such/program"])
except FileNotFoundError:
    print("not found")
print(subprocess.getoutput("echo $LD_PRELOAD."))
p = subprocess.Popen(["sh", "-c", "echo out; echo err >&2"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                     close_fds=True, start_new_session=True)
print(p.communicate(), p.returncode)
print(os.system("exit 3") >> 8)
with os.popen("echo popen") as f:
    print(f.read().strip())
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    t = threading.Thread(target=os.write, args=(w, b"child thread"))
    t.start()
    t.join()
    os._exit(5)
print(os.waitpid(pid, 0)[1] >> 8, os.read(r, 100))


def fork_in_thread():
    pid = os.fork()
    if pid == 0:
        out = []
        t = threading.Thread(target=out.append, args=(1,))
        t.start()
        t.join()
        os._exit(10 + len(out))
    results["fork"] = os.waitpid(pid, 0)[1] >> 8


t = threading.Thread(target=fork_in_thread)
t.start()
t.join()
print(results["fork"])
