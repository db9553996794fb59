"""Runs the web application until somebody ends it."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from planner.errors import UsageError
from planner.web.app import LONGEST_SECONDS, Settings, create_app
from planner.web.connections import PatientProtocol
from planner.web.guard import LOOPBACK, host_values

WAITING_CONNECTIONS = 1024
"""That the system keeps until they are taken."""
GRACE_SECONDS = int(LONGEST_SECONDS) + 10
"""Until a question that was accepted is given up at the end: as long as it may take, and time to send the answer."""

TURNS_TO_READ = 8
"""Turns of the event loop in which all that has arrived is read: accepting and reading one connection takes four."""

KEEP_ALIVE_SECONDS = 5
LARGEST_HEAD = 32 * 1024


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound to that address; port 0 takes any that is free.

    Raises:
        UsageError: the address is taken, not this machine's, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(WAITING_CONNECTIONS)
    except (OSError, OverflowError) as error:
        found.close()
        raise _refused(host, port, error) from error
    return found


def _refused(host: str, port: int, error: OSError | OverflowError) -> UsageError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return UsageError(
            "Port {number} of {address} is taken, perhaps by another `planner serve`. Choose another with {port}; "
            "{port} 0 takes any.",
            argument="port",
            number=port,
            address=host,
        )
    if number in (errno.EACCES, errno.EPERM):
        return UsageError(
            "Port {number} of {address} is not allowed for this user. Choose one above 1023 with {port}.",
            argument="port",
            number=port,
            address=host,
        )
    if isinstance(error, OSError):
        return UsageError(
            "Cannot listen at {address}: {why}. Give an address of this machine with {host}.",
            argument="host",
            address=host,
            why=str(error.strerror),
        )
    return UsageError("{port} must be 0 to 65535, not {number}.", argument="port", number=port)


def address_of(listening: socket.socket, host: str) -> str:
    """The address of the page, for a browser."""
    name = f"[{host}]" if ":" in host else host
    port = listening.getsockname()[1]
    return f"http://{name}:{port}/"


def serve(
    listening: socket.socket,
    *,
    host: str,
    data_dir: Path | None,
    when_ready: Callable[[], None],
) -> None:
    """Answer until SIGINT or SIGTERM; what was asked before the signal is answered first.

    Args:
        listening: from `listening_socket`.
        host: the name it was made for; beside the names of this machine the only one that the header Host may hold.
        data_dir: folder of the user's own snapshots; `None` is the platform's.
        when_ready: called once the first request can be answered.
    """
    names = {*LOOPBACK, f"[{host}]" if ":" in host else host}
    settings = Settings(
        hosts=host_values(names, listening.getsockname()[1]),
        data_dir=None if data_dir is None else data_dir.resolve(),
    )
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        http=PatientProtocol,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    # uvicorn hands a signal on once it has shut down: here it has done its work then
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config, when_ready).run(sockets=[listening])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class _Server(uvicorn.Server):
    """A server that says when it is ready, and reads what was sent to it before it ends."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn resets connections that nobody has taken yet and closes those of which nothing has been read yet:
        # on a busy machine questions wait in both, so what has arrived is read before
        await _read_what_has_arrived()
        for listening in self.servers:
            listening.close()
        await _read_what_has_arrived()  # of those that were taken last
        await super().shutdown(sockets=sockets)


async def _read_what_has_arrived() -> None:
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)
