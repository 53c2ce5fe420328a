#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thread-per-connection echo server in plain blocking Python.

    py-echo.py                              # natively, or after mixio run
    python3 -m gevent.monkey py-echo.py     # the same file under gevent
"""

import socket
import threading


def serve(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print("listening on 127.0.0.1 port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
