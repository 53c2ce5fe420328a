# SPDX-License-Identifier: MIT
"""A Django project in one file: a view that asks a server and a database.

/sync/N and /async/N do the same: one GET that takes 100 ms, one query, a line
of JSON made of both. One HTTP client for all requests, and at most 20
connections to the database. serve.py says by the environment where they are:

    WEB_BACKEND     URL of examples/httpd
    WEB_DSN         PostgreSQL's
    WEB_CLIENT      of /async: httpx and psycopg, or aiohttp and asyncpg

No middleware: Django's would have the async view pay for threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
from collections.abc import AsyncIterator, Iterator

from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"],
                   SECRET_KEY="of a benchmark", MIDDLEWARE=[], USE_TZ=True)

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

BACKEND = os.environ["WEB_BACKEND"]
DSN = os.environ["WEB_DSN"]
CLIENT = os.environ["WEB_CLIENT"]
CONNECTIONS = 20


def answer(number: int, item: str, twice: int) -> HttpResponse:
    response = JsonResponse(
        {"number": number, "item": item.strip(), "twice": twice})
    # Without it, servers fall back upon chunks.
    response["Content-Length"] = str(len(response.content))
    return response


# ------------------------------------------------------------------- blocking

if CLIENT == "blocking":
    import httpx
    import psycopg2

    client = httpx.Client(timeout=60, limits=httpx.Limits(
        max_connections=None, max_keepalive_connections=None))
    idle: queue.LifoQueue = queue.LifoQueue()
    for _ in range(CONNECTIONS):
        idle.put(None)

    @contextlib.contextmanager
    def database() -> Iterator[psycopg2.extensions.connection]:
        connection = idle.get()
        try:
            if connection is None:
                connection = psycopg2.connect(DSN)
                connection.autocommit = True
            yield connection
        finally:
            idle.put(connection)


def view(request: HttpRequest, number: int) -> HttpResponse:
    item = client.get(f"{BACKEND}/item/{number}").text
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("select 2 * %s", (number,))
        twice = cursor.fetchone()[0]
    return answer(number, item, twice)


# ---------------------------------------------------------------------- async

async_idle: asyncio.LifoQueue | None = None
async_client = None


async def connect() -> object:
    if CLIENT == "aiohttp":
        import asyncpg
        words = dict(word.split("=") for word in DSN.split())
        return await asyncpg.connect(host=words["host"], user=words["user"],
                                     database=words["dbname"])
    import psycopg
    return await psycopg.AsyncConnection.connect(DSN, autocommit=True)


@contextlib.asynccontextmanager
async def async_database() -> AsyncIterator[object]:
    global async_idle
    if async_idle is None:
        async_idle = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            async_idle.put_nowait(None)
    connection = await async_idle.get()
    try:
        if connection is None:
            connection = await connect()
        yield connection
    finally:
        async_idle.put_nowait(connection)


async def by_httpx(url: str) -> str:
    global async_client
    if async_client is None:
        import httpx
        async_client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=None))
    return (await async_client.get(url)).text


async def by_aiohttp(url: str) -> str:
    global async_client
    if async_client is None:
        import aiohttp
        async_client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0))
    async with async_client.get(url) as response:
        return await response.text()


async def async_view(request: HttpRequest, number: int) -> HttpResponse:
    get = by_aiohttp if CLIENT == "aiohttp" else by_httpx
    item = await get(f"{BACKEND}/item/{number}")
    async with async_database() as connection:
        if CLIENT == "aiohttp":
            twice = await connection.fetchval("select 2 * $1::int", number)
        else:
            cursor = await connection.execute("select 2 * %s", (number,))
            twice = (await cursor.fetchone())[0]
    return answer(number, item, twice)


urlpatterns = [path("sync/<int:number>", view),
               path("async/<int:number>", async_view)]
