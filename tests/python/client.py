# SPDX-License-Identifier: MIT
"""Plain blocking Python: a thread a request, http.client, every reply checked.

    client.py PORT THREADS
"""
import http.client
import sys
import threading
import time

PORT, N = int(sys.argv[1]), int(sys.argv[2])
good = [False] * N
errors = []


def fetch(n: int) -> None:
    """One request on a connection of its own."""
    try:
        c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        c.request("GET", "/item/%d?x=%d" % (n, n * 7919 % 10007))
        r = c.getresponse()
        body = r.read().decode()
        good[n] = (r.status == 200 and r.getheader("X-Item") == str(n) and
                   body == "item %d\n" % n * (1 + n % 50))
        if not good[n]:
            errors.append("wrong reply to %d: %r" % (n, body[:60]))
        c.close()
    except Exception as error:  # every kind counts as a failure
        errors.append("%d: %r" % (n, error))


begin = time.monotonic()
threads = [threading.Thread(target=fetch, args=(n,)) for n in range(N)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("good=%d of=%d seconds=%.3f" % (sum(good), N,
                                      time.monotonic() - begin))
for e in errors[:5]:
    print(e)
