"""How a format of text lines is read: one line in, events out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from planner.logs.records import Event
from planner.logs.tape import Kind, On
from planner.logs.text import Line

MOST_COUNTED = 1e15
"""Samples, tokens or GPUs: a log that says more of them is damaged."""


class LineReader(Protocol):
    """Reads one kind of lines. It may remember earlier lines; it sees every line with one of its words, in the order of the file.

    `words` are those of which one stands in every line that says anything to it: where a long stretch of a file has none, it is not asked.
    """

    kind: Kind

    @property
    def words(self) -> tuple[str, ...]:
        """The words."""
        ...

    def read(self, line: Line) -> Iterable[Event | On]:
        """The events of the line; none if it is of another kind."""
        ...


Read: TypeAlias = Callable[[re.Match[str], Line], Iterable[Event]]


class PatternReader:
    """Reads lines that match one pattern; `word` stands in each of them and is looked for first."""

    def __init__(self, kind: Kind, word: str, pattern: str, read: Read) -> None:
        self.kind = kind
        self._word = word
        self._search = re.compile(pattern).search
        self._read = read

    @property
    def words(self) -> tuple[str, ...]:
        """The word that stands in each of its lines."""
        return (self._word,)

    def read(self, line: Line) -> Iterable[Event]:
        """The events of the line."""
        if self._word not in line.text:
            return ()
        found = self._search(line.text)
        return () if found is None else self._read(found, line)


class EpochCounter:
    """Steps since the start of the run, of logs that count them anew in each epoch."""

    def __init__(self) -> None:
        self._epoch: float | None = None
        self._before = 0.0
        self._last = 0.0

    def step(self, epoch: float, iteration: float, length: float | None = None) -> float:
        """The step of that iteration; `length` is the number of iterations of an epoch, if the log says it."""
        if length:
            return epoch * length + iteration
        if self._epoch is not None and epoch > self._epoch:
            self._before += self._last
        elif self._epoch is not None and epoch < self._epoch:
            self._before = 0.0
        self._epoch, self._last = epoch, iteration
        return self._before + iteration


def number(text: str) -> float:
    """The number of a text such as `1,234.5`; not a number where it is none.

    >>> number("1,234.5"), number("1e3")
    (1234.5, 1000.0)
    """
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


def clock_text(text: str) -> float | None:
    """Seconds of `1:02:03`, `04:39`, `1 day, 0:00:01` or `2 days 01:00:00`; `None` if it is none of them.

    >>> clock_text("04:39"), clock_text("1 day, 0:00:01"), clock_text("1:02:03.5"), clock_text("x")
    (279.0, 86401.0, 3723.5, None)
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def whole(value: float) -> int | None:
    """The nearest whole number; `None` if it is none, or one that no run counts to.

    >>> whole(7.9), whole(float("inf")), whole(float("nan"))
    (8, None, None)
    """
    return round(value) if abs(value) < MOST_COUNTED else None


def in_seconds(value: str, unit: str) -> float:
    """Seconds of a number with one of the units `s`, `sec`, `seconds`, `ms`, `us`, `min`."""
    return number(value) * (_UNITS.get(unit) or _UNITS[unit.lower().rstrip(".")])


_CLOCK = re.compile(r"(?:(\d+) days?,? )?(?:(\d+):)?(\d{1,2}):(\d\d(?:\.\d+)?)")
_UNITS = {
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "min": 60.0,
    "m": 60.0,
}
