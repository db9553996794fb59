"""Time limits for a page as a whole: whoever waits for it leaves in time, whatever the other side does.

A time limit of a socket holds for each wait alone: it never ends where headers drip byte by byte, where one 100 Continue follows
another, or where a resolver is slow. So a page is asked for in a thread of its own that can be left.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")

_GRACE_SECONDS = 0.2  # so that what a socket's own time limit says is heard


class TooLateError(Exception):
    """The page was not whole in time."""


class Deadline:
    """The end of the time for a page; who works on the page may ask, and add time for what has come."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds
        self._watched: list[socket.socket] = []
        self._is_left = False

    @property
    def seconds_left(self) -> float:
        """Seconds until the end; negative after it, and once nobody waits any more."""
        return -1.0 if self._is_left else self._end - self._clock()

    def add(self, seconds: float) -> None:
        """Put the end off."""
        self._end += seconds

    def check(self) -> None:
        """Raise `TooLateError` after the end."""
        if self.seconds_left < 0:
            raise TooLateError

    def watch(self, connection: socket.socket) -> None:
        """End that connection as soon as nobody waits any more."""
        self._watched.append(connection)
        if self._is_left:
            self.leave()

    def leave(self) -> None:
        """Nobody waits any more: whoever still reads from a watched connection is told that it has ended."""
        self._is_left = True
        for connection in self._watched:
            with contextlib.suppress(OSError, ValueError):
                connection.shutdown(socket.SHUT_RDWR)


def in_time(work: Callable[[Deadline], Result], seconds: float) -> Result:
    """Returns the result of `work`, which gets its deadline and runs in a thread of its own.

    Raises:
        TooLateError: it did not end in time; the thread is left behind.
    """
    deadline = Deadline(seconds)
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work(deadline))
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            done.set_exception(error)

    threading.Thread(target=run, name="page", daemon=True).start()
    try:
        while True:
            try:
                return done.result(max(deadline.seconds_left, 0.0) + _GRACE_SECONDS)
            except TimeoutError:
                if done.done():
                    raise
                if deadline.seconds_left <= 0:
                    raise TooLateError from None
    finally:
        if not done.done():
            deadline.leave()
