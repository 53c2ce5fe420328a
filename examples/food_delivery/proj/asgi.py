# SPDX-License-Identifier: MIT
"""For uvicorn: HTTP and websockets on one port."""
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from delivery.consumer import Consumer  # noqa: E402

application = ProtocolTypeRouter({
    "http": http,
    "websocket": AuthMiddlewareStack(URLRouter([
        path("connect/", Consumer.as_asgi())])),
})
