"""Connections of the local page: who does not end a request, or does not take the answer, makes room for others."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10
"""Until the first line and the headers of a request must have come: a browser sends them at once."""

LEAST_TAKEN = 16 * 1024
"""Bytes of an answer that must be taken in the same time, or all that is left of it."""

MOST_LEFT_BYTES = 64 * 1024**2
"""Of answers that nobody has taken yet, over all connections; one has 2 MB and less."""

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

    transport: asyncio.Transport
    # what uvicorn keeps of its connections is a set: those of one server wait in the order in which they came
    _head_timer: asyncio.TimerHandle | None = None
    _address: str = ""
    _left = 0  # bytes of the answer that were not taken when they were last looked at

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
            longest.give_way()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on; a request whose headers are there is waited for no longer."""
        super().data_received(data)
        if self.is_answering() and not self.flow.write_paused:
            self.no_longer_waits()

    def pause_writing(self) -> None:
        """Wait for the reader; where too much of many answers waits, those who have taken theirs longest ago are cut off."""
        super().pause_writing()
        self._wait()
        left = {one: size for one in self._waiting() if (size := one.transport.get_write_buffer_size())}
        total = sum(size for size in left.values())
        for one, size in left.items():
            if total <= MOST_LEFT_BYTES:
                break
            one.give_way()
            total -= size

    def resume_writing(self) -> None:
        """Go on: the reader has taken most of it."""
        super().resume_writing()
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

    def give_way(self) -> None:
        """End the connection; what nobody has taken of an answer is lost, for to flush it would be to wait for the reader again."""
        self.no_longer_waits()
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def no_longer_waits(self) -> None:
        """A request has come, an answer was taken, or the connection has ended."""
        self._waiting().pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _wait(self) -> None:
        self.no_longer_waits()
        self._waiting()[self] = None
        self._left = self.transport.get_write_buffer_size()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._time_over)

    def _time_over(self) -> None:
        left = self.transport.get_write_buffer_size()
        if 0 < left <= self._left - LEAST_TAKEN:
            self._wait()
        else:
            self.give_way()

    def _waiting(self) -> dict[PatientProtocol, None]:
        """The connections of the same server that wait for their other end, longest first."""
        state: Any = self.server_state
        if not hasattr(state, "waiting"):
            state.waiting = {}
        found: dict[PatientProtocol, None] = state.waiting
        return found
