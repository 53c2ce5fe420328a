# SPDX-License-Identifier: MIT
"""The customers of food.py: HTTP and websocket clients, all of them at once.

    customers.py HTTP-URL WEBSOCKET-URL SESSIONS-FILE SECONDS IMPATIENT

SESSIONS-FILE has a line "NAME SESSION" for each.  The first IMPATIENT of them
order once more, before the others, and do not wait for the answer.  Prints a JSON object: what
each saw, and what the server said of itself when all were waiting but one.
aiohttp, so that no client library is the server's.  Nothing is judged here.
"""
import asyncio
import json
import sys

import aiohttp

HTTP, WEBSOCKET, SESSIONS, SECONDS, IMPATIENT = sys.argv[1:]


class Customer:
    """One of them, with a websocket of its own."""

    def __init__(self, number, name, session):
        self.number = number
        self.seen = {"name": name, "messages": []}
        self.token = ""
        self.details = "%s would like dish \u2116%d" % (name, number)
        self.http = aiohttp.ClientSession(
            cookies={"sessionid": session},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            # A connection that is used again may be one that the server is
            # just closing, after some idle seconds.
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=None))

    async def connect(self):
        """Open the websocket; the server tells when it knows us."""
        self.ws = await self.http.ws_connect(WEBSOCKET)
        self.seen["hello"] = await self.ws.receive_json()

    async def answer(self, response):
        text = await response.text()
        try:
            body = json.loads(text)
        except ValueError:
            body = text[-2000:]
        return [response.status, body]

    async def get(self, path, **more):
        async with self.http.get(HTTP + path, **more) as response:
            return await self.answer(response)

    async def post(self, path, **more):
        more["headers"] = {"X-CSRFToken": self.token}
        async with self.http.post(HTTP + path, **more) as response:
            return await self.answer(response)

    async def order(self):
        """Order, by GET or by the page's form; the notification follows."""
        self.seen["ordered"] = self.details
        if self.number % 3:
            self.seen["order"] = await self.get(
                "/", params={"details": self.details})
        else:
            async with self.http.get(HTTP + "/connect/") as page:
                self.seen["page"] = "WebSocket" in await page.text()
                self.token = page.cookies["csrftoken"].value
            self.seen["order"] = await self.post(
                "/", data={"details": self.details})
        if self.seen["order"][0] == 200:
            self.seen["messages"].append(await self.ws.receive_json())

    async def look(self):
        """What the other views of the orders say; some ask one, some both."""
        if self.number % 3 == 1:
            self.seen["report"] = await self.get("/report/")
        if self.number % 3 != 2:
            return
        if not self.token:
            # As a script of the page could make it.
            self.token = "x" * 32
            self.http.cookie_jar.update_cookies({"csrftoken": self.token})
        self.seen["create"] = await self.post(
            "/api/orders/", json={"details": "and a " + self.details})
        self.seen["list"] = await self.get("/api/orders/")
        self.seen["report"] = await self.get("/report/")

    async def leave(self):
        """Close the websocket; what had come without our asking counts."""
        await self.ws.close()
        while True:
            message = await self.ws.receive()
            if message.type != aiohttp.WSMsgType.TEXT:
                break
            self.seen["messages"].append(message.json())
        await self.http.close()


async def stranger(told):
    """One who is not logged in."""
    async with aiohttp.ClientSession() as http:
        ws = await http.ws_connect(WEBSOCKET)
        message = await ws.receive()
        told["stranger"] = [message.type.name, ws.close_code]
        async with http.get(HTTP + "/api/orders/") as response:
            told["stranger_api"] = response.status


async def impatient(customers):
    """They leave while their dishes are in the oven; so do the dishes."""
    orders = [asyncio.create_task(c.get("/", params={"details": "Quick!"}))
              for c in customers]
    await oven(len(orders), orders, customers[0])
    for task in orders:
        task.cancel()
    await asyncio.gather(*orders, return_exceptions=True)
    await oven(0, [], customers[0])
    for c in customers:
        c.seen["impatient"] = "Quick!"


async def oven(count, orders, customer):
    """Wait for a number of dishes; what the server then says of itself."""
    while True:
        status, body = await customer.get("/threads/")
        if status != 200 or body["in_the_oven"] == count or \
                orders and all(task.done() for task in orders):
            return body
        await asyncio.sleep(0.05)


async def main():
    with open(SESSIONS, encoding="utf-8") as f:
        customers = [Customer(i, *line.split()) for i, line in enumerate(f)]
    told = {}
    await stranger(told)
    await asyncio.gather(*(c.connect() for c in customers))
    if IMPATIENT != "0":
        await impatient(customers[:int(IMPATIENT)])
    # The oven is full with the last dish only.
    *most, last = customers
    orders = [asyncio.create_task(c.order()) for c in most]
    told["waiting"] = await oven(len(most), orders, last)
    await asyncio.gather(last.order(), *orders)
    await asyncio.gather(*(c.look() for c in customers))
    await asyncio.gather(*(c.leave() for c in customers))
    told["customers"] = [c.seen for c in customers]
    json.dump(told, sys.stdout)


asyncio.run(asyncio.wait_for(main(), float(SECONDS)))
