"""A loopback HTTP server for adapter tests: plays prepared answers and remembers every request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it came in; `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says; `{BASE}` in a body becomes the server's own address.

    `cut_after`: hang up after that many bytes of the body. `delay_seconds`: say nothing for so long first.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address and every call it has had, in order."""

    url: str
    calls: list[Call]


@contextmanager
def serving(answer: Callable[[Call], Answer]) -> Iterator[Server]:
    """Run a server on 127.0.0.1 that answers every call with what `answer` returns."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            call = Call(method=self.command, path=self.path, headers=dict(self.headers), body=self.rfile.read(length))
            calls.append(call)
            self._say(answer(call))

        do_POST = do_GET  # noqa: N815 - http.server looks it up by this name

        def _say(self, said: Answer) -> None:
            sleep(said.delay_seconds)
            body = said.body.replace(b"{BASE}", base.encode())
            self.send_response(said.status)
            for name, value in {"Content-Type": said.content_type, **said.headers}.items():
                self.send_header(name, value.replace("{BASE}", base))
            self.send_header("Content-Length", str(len(body)))
            if said.cut_after is not None:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            try:
                self.wfile.write(body[: said.cut_after])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client gave up first, as in a test of its timeout

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(base, calls)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*answers: Answer) -> Callable[[Call], Answer]:
    """One answer after the other, the last one again and again."""
    left = list(answers)

    def next_answer(_: Call) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return next_answer
