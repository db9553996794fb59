"""Asks the application in this process, without a network: every byte of an address as it is."""

import asyncio
from dataclasses import dataclass
from urllib.parse import unquote

from planner.web.app import Settings, create_app

HOST = "localhost:1"


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes


def application(**settings):
    """An application that goes by the name of `HOST`."""
    return create_app(Settings(hosts=frozenset([HOST]), **settings))


async def ask(app, address, headers=()):
    """The reply to one GET."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", HOST.encode()), *headers],
        "client": ("127.0.0.1", 2),
        "server": ("127.0.0.1", 1),
    }
    sent = []

    async def receive():
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Reply(start["status"], {name.decode().lower(): value.decode() for name, value in start["headers"]}, body)
