# SPDX-License-Identifier: MIT
"""Sockets in threads: servers, timeouts, files, select, errors."""
import io
import select
import socket
import socketserver
import threading
import time


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False


server = Server(("127.0.0.1", 0), Handler)
runner = threading.Thread(target=server.serve_forever, args=(0.05,))
runner.start()
good = []


def client(n):
    with socket.create_connection(server.server_address) as s:
        f = s.makefile("rw", newline="\n")
        for i in range(10):
            f.write("line %d of %d\n" % (i, n))
            f.flush()
            good.append(f.readline() == "LINE %d OF %d\n" % (i, n))
        s.shutdown(socket.SHUT_WR)
        good.append(f.read() == "")


threads = [threading.Thread(target=client, args=(i,)) for i in range(50)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("good", sum(good), "of", len(good))
server.shutdown()
runner.join()
server.server_close()

a, b = socket.socketpair()
a.settimeout(0.05)
begin = time.monotonic()
try:
    a.recv(1)
except socket.timeout:
    print("timeout", time.monotonic() - begin >= 0.0499)
a.setblocking(False)
try:
    a.recv(1)
except BlockingIOError:
    print("would block")
a.settimeout(20)
threading.Timer(0.05, b.send, (b"late",)).start()
print(a.recv(10))
a.setblocking(True)
threading.Timer(0.05, b.send, (b"later",)).start()
print(a.recv(10))
threading.Timer(0.05, b.close).start()
print(a.recv(10))
try:
    a.send(b"x")
except BrokenPipeError:
    print("broken pipe")
try:
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    name = s.getsockname()
    s.close()
    socket.create_connection(name)
except ConnectionRefusedError:
    print("refused")
big = bytes(range(256)) * 40000
a, b = socket.socketpair()
parts = []


def drain():
    while True:
        data = b.recv(70000)
        if not data:
            return
        parts.append(data)


t = threading.Thread(target=drain)
t.start()
a.sendall(big)
a.shutdown(socket.SHUT_WR)
t.join()
print("sendall", b"".join(parts) == big)
u1 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u2 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u1.bind(("127.0.0.1", 0))
threading.Timer(0.03, u2.sendto, (b"datagram", u1.getsockname())).start()
print(u1.recvfrom(100)[0])

a, b = socket.socketpair()
threading.Timer(0.05, b.send, (b"x",)).start()
print(len(select.select([a], [], [], 20)[0]))
print(select.select([a], [a], [], 0)[1] == [a])
p = select.poll()
p.register(a, select.POLLIN)
print(p.poll(1000)[0][1] == select.POLLIN)
ep = select.epoll()
ep.register(a, select.EPOLLIN)
print(ep.poll(1)[0][1] == select.EPOLLIN)
a.recv(1)
begin = time.monotonic()
print(select.select([a], [], [], 0.05), p.poll(50), ep.poll(0.05),
      time.monotonic() - begin >= 0.149)
print(socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4])
print(socket.gethostbyname("localhost"))
