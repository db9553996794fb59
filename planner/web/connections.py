"""Connections of the local page: who begins a request and does not end it makes room for others."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10
"""Until the first line and the headers of a request must have come: a browser sends them at once."""

MOST_CONNECTIONS = 768  # a process may have 1,024 files open, by default
MOST_AN_ADDRESS = 384
"""Of one address that is not this machine's: half is left for everybody else."""

_THIS_MACHINE = ("127.0.0.1", "::1")

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: 29\r\n\r\nToo many connections at once."
)


class PatientProtocol(H11Protocol):
    """A connection that is closed where no request comes in time, and gives way to others where none is under way."""

    # what uvicorn keeps of its connections is a set: those of one server wait in the order in which they came
    _head_timer: asyncio.TimerHandle | None = None
    _address: str = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in place of one without a request where there are too many."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        waiting: dict[PatientProtocol, None] = self._waiting()
        same = sum(getattr(one, "_address", "") == self._address for one in self.connections)
        is_too_many = same > MOST_AN_ADDRESS and self._address not in _THIS_MACHINE
        if is_too_many or len(self.connections) > MOST_CONNECTIONS:
            of_it = (one for one in waiting if not is_too_many or one._address == self._address)
            longest = next(of_it, None)
            if longest is None:
                transport.write(_BUSY)
                transport.close()
                return
            longest.transport.close()
            longest.no_longer_waits()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on; a request whose headers are there is waited for no longer."""
        super().data_received(data)
        if self.is_answering():
            self.no_longer_waits()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it has come already."""
        super().on_response_complete()
        if not self.transport.is_closing() and not self.is_answering():
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request in place of the answer under way, which is to nobody then; one that has begun is cut off."""
        cycle: Any = self.cycle
        if cycle is not None:
            cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.no_longer_waits()
        super().connection_lost(exc)

    def is_answering(self) -> bool:
        """Whether a request is under way."""
        cycle: Any = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    def no_longer_waits(self) -> None:
        """A request has come, or the connection has ended."""
        self._waiting().pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _wait(self) -> None:
        self.no_longer_waits()
        self._waiting()[self] = None
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _waiting(self) -> dict[PatientProtocol, None]:
        """The connections of the same server without a request, longest first."""
        state: Any = self.server_state
        if not hasattr(state, "waiting"):
            state.waiting = {}
        found: dict[PatientProtocol, None] = state.waiting
        return found
