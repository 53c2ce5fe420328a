# SPDX-License-Identifier: MIT
"""Websockets under ASGI: Django Channels."""
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from . import customers

# What makes a plain function of an async one.
if settings.ASYNC_VIEWS:
    # The view's own task sends.
    from mixio import sync as plain
else:
    # Django has made the thread that the view runs in, and knows the loop.
    from asgiref.sync import async_to_sync as plain


class Consumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        user = self.scope["user"]
        # One object: a bound method is another one at each look.
        self.send_plain = plain(self.send_json)
        self.username = user.username
        await self.accept()
        if not user.is_authenticated:
            await self.close(4401)
            return
        customers.add(self.username, self.send_plain)
        await self.send_json({"hello": self.username})

    async def disconnect(self, code):
        customers.remove(self.username, self.send_plain)
