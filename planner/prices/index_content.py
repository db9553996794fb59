"""The content of a price book's index: the groups of its offers, made in one pass over its rows.

It is text, so that anybody can read it. Line 1 is the CRC-32 of line 2; line 2, a JSON object, is the head: which book
it is for, and of each group the cheapest row and how many there are. Each further line is what is seldom asked for, read
on its own: prices, places and byte offsets of all members of one group; last, the places with how many offers each has.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from planner.hardware.spot import published_rate
from planner.model.records import Purchase
from planner.paths import shipped_data_dir
from planner.prices.possible import USD_PER_HOUR_BELOW, USD_PER_HOUR_FROM
from planner.prices.rows import bad_row, is_possible, offer_of
from planner.prices.snapshots import Snapshot, located_rows

SCHEMA = "planner.price-index/4"
"""Raise its number whenever the content changes: an index of another schema is not read."""

HEAD_START = 9
"""The offset of line 2: eight digits and a line end stand before it. No digest of `hashlib`: loading it takes longer than all
that is read here."""

Span = tuple[int, int, int]
"""Where a line lies behind the head: start, length, and its CRC-32."""

_SPOT = str(Purchase.SPOT)


@dataclass(slots=True)
class _Group:
    """Rows of one group while they are gathered; `row` is the cheapest so far."""

    row: list[str]
    price: float
    place: tuple[str, str]
    first: int
    prices: array[float] = field(default_factory=lambda: array("d"))
    starts: array[int] = field(default_factory=lambda: array("q"))
    places: array[int] = field(default_factory=lambda: array("i"))


def made_index(snapshot: Snapshot, stamp: list[int]) -> bytes:
    """The index of a book as the bytes of its file, made from the rows one by one: a large book is never held in memory.

    Args:
        snapshot: the book.
        stamp: size and times of the CSV, by which an index is believed without reading it.

    Raises:
        SnapshotError: the book was altered, or a row cannot be one.
    """
    places: dict[tuple[str, str], int] = {}
    groups = _gathered(snapshot, places)
    rank = {code: number for number, (_, code) in enumerate(sorted(places.items()))}
    sources: dict[str, int] = {}
    lines: list[bytes] = []
    start = 0
    listed = []
    offers = Counter(code for group in groups for code in group.places)
    for group in groups:
        line = _members_line(group, rank)
        source = sources.setdefault(group.row[11], len(sources))
        cells = [*group.row[:11], source, *group.row[12:]]
        listed.append([len(group.prices), group.first, start, len(line), zlib.crc32(line), *cells])
        lines.append(line)
        start += len(line)
        group.prices, group.starts, group.places = array("d"), array("q"), array("i")
    lines.append(_line([[*place, offers[code]] for place, code in places.items()]))
    head = {
        "schema": SCHEMA,
        "book": snapshot.sha256,
        "stamp": stamp,
        "tables": tables_checksum(),
        "length": start + len(lines[-1]),
        "places": [start, len(lines[-1]), zlib.crc32(lines[-1])],
        "sources": list(sources),
        "groups": listed,
    }
    return sealed(head) + b"".join(lines)


def sealed(head: Mapping[str, Any]) -> bytes:
    """The first two lines: a checksum, and the head it is for."""
    line = _line(head)
    return seal_of(line) + b"\n" + line


def seal_of(line: bytes) -> bytes:
    """The checksum of a line as line 1 has it."""
    return b"%08x" % zlib.crc32(line)


@cache
def tables_checksum() -> int:
    """Checksum of the shipped tables that decide which rows may be and which offers belong together."""
    checksum = 0
    for name in ("gpus.csv", "spot_interruptions.csv"):
        checksum = zlib.crc32((shipped_data_dir() / name).read_bytes(), checksum)
    return checksum


# one straight loop over up to a million rows: calls in it would double its time
def _gathered(snapshot: Snapshot, places: dict[tuple[str, str], int]) -> list[_Group]:
    by_text: dict[tuple[object, ...], _Group] = {}
    by_key: dict[tuple[object, ...], _Group] = {}
    width = len(snapshot.columns)
    known: set[tuple[str, ...]] = set()
    for line, (start, row) in enumerate(located_rows(snapshot), start=2):
        try:
            gpu, count_text, instance_type, region, zone, purchase, price_text, *others = row[:12]
            network, day = others[2:4]
            price = float(price_text)
        except ValueError:
            raise bad_row(snapshot, line, row) from None
        rate = published_rate(snapshot.provider, instance_type, region) if purchase == _SPOT else None
        text = (gpu, count_text, instance_type, purchase, network, day, rate)
        group = by_text.get(text)
        if group is None:
            if not is_possible(gpu, count_text, purchase):
                raise bad_row(snapshot, line, row)
            key = (gpu, float(count_text), instance_type, purchase, _number(network), day, rate)
            group = by_text[text] = by_key.setdefault(key, _Group(row, price, (region, zone), start))
        # a NaN is not above 0 either
        if not USD_PER_HOUR_FROM <= price < USD_PER_HOUR_BELOW or len(row) != width:
            raise bad_row(snapshot, line, row)
        place = (region, zone)
        cells = (*others, *row[12:])
        if cells not in known or place not in places or not group.starts:
            offer_of(snapshot, price, row)  # what is wrong with the row is said now, not where it is asked for
            known.add(cells)
        if price < group.price or (price == group.price and place < group.place):
            group.row, group.price, group.place = row, price, place
        group.prices.append(price)
        group.starts.append(start)
        group.places.append(places.setdefault(place, len(places)))
    return list(by_key.values())


def _number(text: str) -> float | str | None:
    """The number that a text says, so that 100 and 100.0 are one; a text that says none stays what it is."""
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _members_line(group: _Group, rank: Mapping[int, int]) -> bytes:
    by_price = sorted(zip(group.prices, map(rank.__getitem__, group.places), group.starts, group.places, strict=True))
    prices, _, starts, codes = zip(*by_price, strict=True)
    return _line({"usd_per_hour": prices, "starts": starts, "places": codes})


def _line(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
