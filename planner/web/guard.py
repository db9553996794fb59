"""Checks every request before it is answered (host, method, site, length) and adds the headers that protect the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from planner.web.refusals import BAD, TOO_LONG, WRONG_HOST, WRONG_METHOD, error_body

LONGEST_QUERY = 8192
LONGEST_PATH = 512
METHODS = ("GET", "HEAD")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
FORBIDDEN = 403

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A page of this server runs its own script and style and asks this server; nothing else, and nobody frames it."""

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Refuses other hosts (DNS rebinding), other methods, other sites and long questions; adds the headers.

    Args:
        app: what answers.
        hosts: values that the header Host may have, in lower case.
    """

    def __init__(self, app: App, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_head = scope["method"] == "HEAD"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            elif is_head:
                message["body"] = b""
            await send(message)

        refused = self._refused(scope)
        if refused is None:
            # HEAD is GET without its body, for every address alike
            await self._app({**scope, "method": "GET"}, receive, with_headers)
            return
        status, body = refused
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status == WRONG_METHOD:
            headers.append((b"allow", ", ".join(METHODS).encode()))
        await with_headers({"type": "http.response.start", "status": status, "headers": headers})
        await with_headers({"type": "http.response.body", "body": body})

    def _refused(self, scope: Scope) -> tuple[int, bytes] | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        host = b", ".join(headers.get(b"host", [])).decode("latin-1").lower()
        if host not in self._hosts:
            return WRONG_HOST, error_body(
                "WrongHost", f"This server is not called {host[:100]!r}. Known: {', '.join(sorted(self._hosts))}."
            )
        if scope["method"] not in METHODS:
            return WRONG_METHOD, error_body("WrongMethod", "This server is read-only: GET and HEAD.")
        if _is_foreign(headers):
            return FORBIDDEN, error_body("OtherSite", "Another site asked for this; its pages may link here, no more.")
        if len(scope["query_string"]) > LONGEST_QUERY or len(scope.get("raw_path") or b"") > LONGEST_PATH:
            return TOO_LONG, error_body(
                "TooLong", f"The address is too long: a question may have {LONGEST_QUERY:,} characters."
            )
        if headers.get(b"content-length", [b"0"]) != [b"0"] or b"transfer-encoding" in headers:
            return BAD, error_body("HasBody", "A question stands in the address; it has no body.")
        return None


def host_values(names: Iterable[str], port: int) -> frozenset[str]:
    """Values of the header Host for these names at that port; a name without port stands for port 80.

    >>> sorted(host_values(["localhost"], 8000)), sorted(host_values(["localhost"], 80))
    (['localhost:8000'], ['localhost', 'localhost:80'])
    """
    found = {f"{name.lower()}:{port}" for name in names}
    return frozenset(found | {name.lower() for name in names} if port == 80 else found)


def _is_foreign(headers: dict[bytes, list[bytes]]) -> bool:
    """Whether a page of another site sent the request; a link that a person followed does not count."""
    site, mode = headers.get(b"sec-fetch-site", [b""]), headers.get(b"sec-fetch-mode", [b""])
    return site[0] in (b"cross-site", b"same-site") and mode[0] != b"navigate"
