"""Lines of a log as a stream: any encoding, no control characters, bars in pieces, prefixes of ranks taken off."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO

from planner.outside.files import opened as file_opened
from planner.outside.files import unpacked

MOST_UNPACKED_BYTES = 1024**3
"""Of a packed log; ten seconds of reading."""

CHUNK = 1 << 16
LONGEST_LINE = 1 << 16
"""Characters of a line that are looked at; a file without line ends must not fill the memory."""

NO_YEAR = "2000"
"""Of a stamp without one: only differences count."""
_OTHER_ENDS = ("\r", "\x08")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x00")
_RANK = re.compile(r"\s*(?:\[(?:rank|default|local_rank)?\s?(\d{1,5})\]:|(\d{1,4}):\s)\s*")
_STAMP = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[ T_,](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?|(?<!\d)(\d\d)/(\d\d)(?:/(\d{4}))?[ -](\d\d):(\d\d):(\d\d)"
)
_GLOG_STAMP = re.compile(r"[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_BARE_STAMP = re.compile(r"^\W{0,2}(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?(?=[\]\s|,])")


class Line:
    """One line: its text without prefixes of ranks, the rank, and its time: when it came, of a program that runs, or the stamp on it."""

    __slots__ = ("__dict__", "arrived", "rank", "text")

    def __init__(self, raw: str, arrived: float | None = None) -> None:
        self.rank: int | None = None
        self.arrived = arrived
        found = _RANK.match(raw) if ":" in raw[:16] else None
        if found is not None:
            self.rank = int(found[1] or found[2])
            raw = raw[found.end() :]
        self.text = raw

    @cached_property
    def clock(self) -> float | None:
        """When the line came, or seconds of the stamp in it, on an absolute clock if it has a date; `None` without one."""
        if self.arrived is not None:
            return self.arrived
        if self.text.count(":", 0, 220) < 2:
            return None
        if self.text[0] in "IWEF" and (glog := _GLOG_STAMP.match(self.text)) is not None:
            return _moment(NO_YEAR, *glog.groups())
        found = _STAMP.search(self.text, 0, 200)
        if found is not None:
            return _seconds_of(found)
        bare = _BARE_STAMP.match(self.text)
        if bare is None:
            return None
        hours, minutes, seconds, fraction = bare.groups()
        return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a text file, one by one; each piece of a bar is a line."""
    with opened(path) as file:
        yield from lines_in(file)


def lines_in(file: Iterable[bytes] | IO[bytes]) -> Iterator[Line]:
    """The lines of chunks of bytes, as they come."""
    for piece in pieces_in(_chunks(file)):
        yield Line(piece)


def pieces_in(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cleaned texts between line ends, carriage returns and backspaces; empty ones are left out."""
    splitter = Splitter()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.end()


class Splitter:
    """Cuts bytes, as they come, into cleaned texts between line ends, carriage returns and backspaces; empty ones are left out."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self._held = ""

    @property
    def is_inside(self) -> bool:
        """Whether the beginning of a text is held whose end has not come."""
        return bool(self._held)

    def feed(self, chunk: bytes) -> list[str]:
        """The texts that end in the chunk."""
        return pieces_of(self.block(chunk))

    def block(self, chunk: bytes) -> str:
        """The texts that end in the chunk as one, with `\\n` as the only end."""
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(encoding_of(chunk))(errors="replace")
        text = self._decoder.decode(chunk)
        for end in _OTHER_ENDS:
            if end in text:
                text = text.replace(end, "\n")
        whole, end, held = text.rpartition("\n")
        if not end:
            self._held = (self._held + held)[:LONGEST_LINE]
            return ""
        whole, self._held = self._held + whole, held[:LONGEST_LINE]
        return whole

    def end(self) -> list[str]:
        """The text that has no end."""
        held, self._held = self._held, ""
        return pieces_of(held)


def pieces_of(block: str) -> list[str]:
    """The texts of a block, without control characters; empty ones are left out."""
    if "\x1b" in block or "\x00" in block:
        block = _CONTROL.sub("", block)
    return [piece[:LONGEST_LINE] for piece in block.split("\n") if piece]


def encoding_of(start: bytes) -> str:
    """The encoding of a text by its mark, or by where its zero bytes lie."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0:4096:2].count(0), start[1:4096:2].count(0)
    least = len(start[:4096]) // 5
    if odd > least and odd > 4 * even:
        return "utf-16-le"
    if even > least and even > 4 * odd:
        return "utf-16-be"
    return "utf-8-sig"


def opened(path: Path, most: int = MOST_UNPACKED_BYTES) -> IO[bytes]:
    """The bytes of a file, unpacked if it is packed with gzip, which may hold so many.

    Raises:
        OSError: it is no file, or cannot be read.
    """
    return unpacked(file_opened(path), most)


def text_of(path: Path, most: int) -> str:
    """The beginning of a file as text, at most that many bytes of it."""
    with opened(path) as file:
        start = file.read(most)
    return start.decode(encoding_of(start), errors="replace").replace("\x00", "")


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file in chunks, unpacked if it is packed."""
    with opened(path) as file:
        yield from _chunks(file)


def _chunks(file: Iterable[bytes] | IO[bytes]) -> Iterator[bytes]:
    read = getattr(file, "read", None)
    if read is None:
        yield from file
        return
    while chunk := read(CHUNK):
        yield chunk


def _seconds_of(found: re.Match[str]) -> float | None:
    year, month, day, hour, minute, second, fraction = found.groups()[:7]
    if year is None:
        month, day, year, hour, minute, second = found.groups()[7:]
    return _moment(year or NO_YEAR, month, day, hour, minute, second, fraction)


def _moment(*parts: str | None) -> float | None:
    """Seconds since 1970 of year, month, day, hour, minute, second and fraction; `None` if there is no such time."""
    *whole, fraction = parts
    try:
        moment = datetime(*(int(part or 0) for part in whole), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return moment.timestamp() + float(f"0.{fraction or 0}")
