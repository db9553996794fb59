"""Reads lines of text with every reader at once, as they come: of a file, or of a program that still runs."""

from __future__ import annotations

from collections.abc import Iterable

from planner.logs.bar_lines import Bars, bar_readers
from planner.logs.language_lines import language_readers
from planner.logs.line_reader import LineReader
from planner.logs.other_lines import other_readers
from planner.logs.records import Event
from planner.logs.tape import Kind, On, Tape
from planner.logs.text import Line, Splitter, pieces_of
from planner.logs.text_facts import MachineFacts
from planner.logs.vision_lines import vision_readers

MOST_SERIES = 200
SETTLED_LINES = 5_000
MACHINE_LINES = 100_000
BARS_RANK = Bars.kind.rank
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
        self._number, self._settle_at = 0, SETTLED_LINES

    def read(self, line: Line) -> None:
        """Take the next line."""
        self._read(line, self._heard)
        self._settle()

    def read_chunks(self, chunks: Iterable[bytes]) -> None:
        """Take the lines of a file; where no reader has its word in a stretch of it, the lines there are not looked at."""
        splitter = Splitter()
        for chunk in chunks:
            block = splitter.block(chunk)
            is_plain = "\x1b" not in block and "\x00" not in block  # a colour may stand in the middle of a word
            readers = [one for one in self._heard if not is_plain or any(word in block for word in one.words)]
            if not readers and self._number >= MACHINE_LINES:
                self._number += block.count("\n") + 1
                continue
            for piece in pieces_of(block):
                self._read(Line(piece), readers)
            self._settle()
        for piece in splitter.end():
            self.read(Line(piece))

    def tapes(self) -> list[Tape]:
        """What was read so far."""
        for fact in self._machine.end():
            self._nobody.add(fact)
        return [*self._tapes.all, self._nobody]

    def _read(self, line: Line, readers: Iterable[LineReader]) -> None:
        if not line.text:
            return
        number, self._number = self._number, self._number + 1
        for reader in readers:
            for event in reader.read(line):
                self._heard[reader] += 1
                self._tapes.add(reader.kind, event)
        if number < MACHINE_LINES:
            for fact in self._machine.read(line):
                self._nobody.add(fact)

    def _settle(self) -> None:
        """A long file is of the kinds that it began with, and of two that hear the same lines the better one counts."""
        if self._number < self._settle_at:
            return
        self._settle_at = self._number + SETTLED_LINES
        if max(self._heard.values()) > SETTLED_LINES / 10:
            self._heard = {
                reader: count for reader, count in self._heard.items() if count and not self._is_beaten(reader)
            }

    def _is_beaten(self, reader: LineReader) -> bool:
        # bars are many things: what else a file says may be needed
        return any(
            other.kind.rank < reader.kind.rank and count >= self._heard[reader] and other.kind.rank < BARS_RANK
            for other, count in self._heard.items()
        )
