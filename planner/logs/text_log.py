"""Reads lines of text with every reader at once, as they come: of a file, or of a program that still runs."""

from __future__ import annotations

from planner.logs.bar_lines import bar_readers
from planner.logs.language_lines import language_readers
from planner.logs.line_reader import LineReader
from planner.logs.other_lines import other_readers
from planner.logs.records import Event
from planner.logs.tape import Kind, On, Tape
from planner.logs.text import Line
from planner.logs.text_facts import MachineFacts
from planner.logs.vision_lines import vision_readers

MOST_SERIES = 200
SETTLED_LINES = 5_000
MACHINE_LINES = 100_000
NOBODY = Kind(name="nobody", rank=99)


class Tapes:
    """The tapes of one file, one for every kind and series."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tapes: dict[tuple[str, str], Tape] = {}

    def add(self, kind: Kind, event: Event | On) -> None:
        """Take one event of a reader; `kind` is that of the reader, and an event of a series has its own."""
        series = ""
        if isinstance(event, On):
            series, kind, event = event.series, event.kind, event.event
        key = (kind.name, series)
        if key not in self._tapes:
            if len(self._tapes) >= MOST_SERIES:
                return
            self._tapes[key] = Tape(kind, self._source, series)
        self._tapes[key].add(event)

    @property
    def all(self) -> list[Tape]:
        """Every tape, in the order of their first events."""
        return list(self._tapes.values())


class TextLog:
    """A text of unknown kind, read line by line; what it holds may be asked for at any time."""

    def __init__(self, source: str) -> None:
        readers = [*language_readers(), *vision_readers(), *bar_readers(), *other_readers()]
        self._heard: dict[LineReader, int] = dict.fromkeys(readers, 0)
        self._tapes = Tapes(source)
        self._machine, self._nobody = MachineFacts(), Tape(NOBODY, source)
        self._number = 0

    def read(self, line: Line) -> None:
        """Take the next line."""
        if not line.text:
            return
        number, self._number = self._number, self._number + 1
        for reader in self._heard:
            for event in reader.read(line):
                self._heard[reader] += 1
                self._tapes.add(reader.kind, event)
        if number % SETTLED_LINES == SETTLED_LINES - 1 and max(self._heard.values()) > SETTLED_LINES / 10:
            # a long file is of the kinds that it began with
            self._heard = {reader: count for reader, count in self._heard.items() if count}
        for fact in self._machine.read(line) if number < MACHINE_LINES else ():
            self._nobody.add(fact)

    def tapes(self) -> list[Tape]:
        """What was read so far."""
        for fact in self._machine.end():
            self._nobody.add(fact)
        return [*self._tapes.all, self._nobody]
