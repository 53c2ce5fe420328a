# SPDX-License-Identifier: MIT
"""ssl over the loopback, a thread a connection; no certificate needed."""
import socket
import ssl
import threading
import warnings

warnings.simplefilter("ignore")


def context(side):
    ctx = ssl.SSLContext(side)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    # Anonymous key exchange: for tests only.
    ctx.set_ciphers("aNULL:@SECLEVEL=0")
    return ctx


server_ctx = context(ssl.PROTOCOL_TLS_SERVER)
client_ctx = context(ssl.PROTOCOL_TLS_CLIENT)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(50)
N = 30


def serve(conn):
    with server_ctx.wrap_socket(conn, server_side=True) as s:
        while True:
            data = s.recv(10000)
            if not data:
                break
            s.sendall(data)


def accept():
    for _ in range(N):
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,)).start()


good = []


def client(n):
    with client_ctx.wrap_socket(
            socket.create_connection(listener.getsockname())) as s:
        data = bytes([n]) * 50000
        s.sendall(data)
        got = b""
        while len(got) < len(data):
            got += s.recv(8192)
        good.append(got == data and s.version() == "TLSv1.2")


def failing():
    s = socket.create_connection(listener.getsockname())
    try:
        with context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(s) as t:
            t.settimeout(0.05)
            t.recv(1)
    except socket.timeout:
        good.append("timeout")


acceptor = threading.Thread(target=accept)
acceptor.start()
threads = [threading.Thread(target=client, args=(i,)) for i in range(N - 1)]
threads.append(threading.Thread(target=failing))
for t in threads:
    t.start()
for t in threads:
    t.join()
acceptor.join()
print(good.count(True), good.count("timeout"), len(good))
