"""The process that a command runs in: streams that may be closed, and signals that end it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, TextIO, cast

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

ENDED = 143
"""The exit code after SIGTERM."""

_ended: list[int] = []


def open_streams() -> None:
    """Put something in place of standard streams that the caller closed, before a file is opened under their numbers.

    Nothing is read from the input then, and what is written to the output fails as on a full disk; notes are dropped.
    """
    for number, name, flags in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            place = os.open(os.devnull, flags)
            if place != number:
                os.dup2(place, number)
                os.close(place)
            stream = cast("TextIO", os.fdopen(number, "w" if number else "r", encoding="utf-8"))
            setattr(sys, name, stream)


def end_as_interrupted() -> None:
    """Let SIGTERM end the command as Ctrl-C does, with what is half done cleared away; one that was ignored stays so."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def was_ended() -> bool:
    """Whether SIGTERM came."""
    return bool(_ended)


def _interrupt(number: int, _frame: Any) -> None:
    _ended.append(number)
    raise KeyboardInterrupt
