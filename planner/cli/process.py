"""The process that a command runs in: streams that may be closed, and signals that end it.

SIGINT and SIGTERM end a command by a `KeyboardInterrupt`, so that what is half done is cleared away. It may come to nothing: a
destructor, a callback or an `except BaseException` of somebody takes it, the compiler makes a `SyntaxError` of it. So it is raised
again until it is dealt with, and the exit code is that of the signal however the command ends.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TextIO, cast

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

ENDED = 143
"""The exit code after SIGTERM."""

_AGAIN_SECONDS = 0.05
"""Until the interrupt is raised again; nobody notices that, and a clean-up is hardly disturbed by looking."""

_came: list[int] = []
_is_leaving: list[bool] = []


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


def mind_signals() -> None:
    """Let SIGTERM end the command as Ctrl-C does, with what is half done cleared away; one that was ignored stays so."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is usual:
            signal.signal(number, _interrupt)


def signal_code() -> int | None:
    """The exit code of the first signal that came; `None` if none did."""
    return _code_of(_came[0]) if _came else None


def end_if_signalled(say: Callable[[str], None]) -> None:
    """End as interrupted if a signal came, whatever became of the exception that it raised."""
    if _came:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        say("Error: Interrupted.")
        leave_at_once(_code_of(_came[0]))


def leave_at_once(code: int) -> NoReturn:
    """End without waiting for threads, say for one that waits for an answer of a cloud."""
    try:
        sys.stderr.flush()
    finally:
        os._exit(code)


def on_the_way_out() -> None:
    """From now on a signal has nothing to clear away and ends the process where it stands."""
    _is_leaving.append(True)


def _interrupt(number: int, _frame: Any) -> None:
    if _is_leaving:
        os._exit(_code_of(number))
    _came.append(number)
    sys.unraisablehook = _say_unless_interrupt
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _interrupt_again)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    raise KeyboardInterrupt


def _interrupt_again(_number: int, _frame: Any) -> None:
    """Raise the interrupt anew, unless a block that handles it, or clears up after it, is under way."""
    left: list[BaseException | None] = [sys.exception()]
    seen: set[int] = set()
    while left:
        error = left.pop()
        if isinstance(error, KeyboardInterrupt):
            return
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            left += (error.__cause__, error.__context__)
    if _is_leaving:
        os._exit(_code_of(_came[0]))
    raise KeyboardInterrupt


def _say_unless_interrupt(unraisable: Any) -> None:
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def _code_of(number: int) -> int:
    return ENDED if number == signal.SIGTERM else INTERRUPTED
