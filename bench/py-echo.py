#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thread-per-connection echo server in plain blocking Python.

    py-echo.py [BYTES]                      # natively, or after mixio run
    python3 -m gevent.monkey py-echo.py     # the same file under gevent

BYTES is what it asks recv() for, 4,096 unless told.
"""

import socket
import sys
import threading

SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 4096


def serve(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(SIZE):
            connection.sendall(data)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print("listening on 127.0.0.1 port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
