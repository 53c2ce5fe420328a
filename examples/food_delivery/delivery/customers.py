# SPDX-License-Identifier: MIT
"""The customers who are connected by a websocket now.

How a message gets there is the websocket's affair (sockets.py, consumer.py):
a plain function that may block.
"""
import threading
from collections.abc import Callable

__all__ = ["add", "remove", "notify"]

Send = Callable[[dict], None]

_lock = threading.Lock()
_connected: dict[str, Send] = {}  # by user name


def add(username: str, send: Send) -> None:
    with _lock:
        _connected[username] = send


def remove(username: str, send: Send) -> None:
    """Forget a connection, but not one that has come after it."""
    with _lock:
        if _connected.get(username) is send:
            del _connected[username]


def notify(username: str, message: dict) -> bool:
    """Send a message to a customer; False if there is no connection."""
    with _lock:
        send = _connected.get(username)
    if send is None:
        return False
    send(message)
    return True
