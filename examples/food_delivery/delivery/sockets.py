# SPDX-License-Identifier: MIT
"""Websockets from threads, for servers that have none: websockets.sync."""
import contextlib
import json
import threading
from http.cookies import SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from . import customers

__all__ = ["start"]


def user_of(cookies: str):
    """Who has sent these cookies, as Django's middlewares would say."""
    morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    engine = import_module(settings.SESSION_ENGINE)
    request = HttpRequest()
    request.session = engine.SessionStore(morsel.value if morsel else None)
    try:
        return get_user(request)
    finally:
        # The thread lives as long as the websocket, for nothing but it.
        connections.close_all()


def handle(websocket):
    """One websocket, in a thread of its own."""
    user = user_of(websocket.request.headers.get("Cookie", ""))
    if not user.is_authenticated:
        websocket.close(4401, "who are you?")
        return

    def send(message: dict) -> None:
        # Customers may leave at any time, also without a word.
        with contextlib.suppress(ConnectionClosed):
            websocket.send(json.dumps(message))

    customers.add(user.username, send)
    try:
        send({"hello": user.username})
        with contextlib.suppress(ConnectionClosed):
            for _ in websocket:
                pass
    finally:
        customers.remove(user.username, send)


def start() -> None:
    """Serve websockets until the process ends."""
    server = serve(handle, "localhost", settings.WEBSOCKET_PORT,
                   open_timeout=settings.PATIENCE,
                   ping_timeout=settings.PATIENCE)
    # The threads that it makes are daemons because it is one.
    threading.Thread(target=server.serve_forever, name="websockets",
                     daemon=True).start()
