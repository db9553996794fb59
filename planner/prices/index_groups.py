"""Groups of offers read from a book's index; members are read from the book only when they are asked for."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, overload

from planner.errors import SnapshotError
from planner.model.records import Offer
from planner.outside.files import opened
from planner.prices.groups import OfferGroup
from planner.prices.index_content import HEAD_START, Span, made_index
from planner.prices.rows import vouched_offer_of
from planner.prices.snapshots import Snapshot, row_at, verify_sum

_AT_ONCE = 2
"""Members read together at first, and later as many as were read before: who wants several often wants all."""

_MOST_KEPT = 64
"""Choices of places whose codes are remembered."""

_Found = tuple[Sequence[float], Sequence[int]]
"""Prices and byte offsets of members, cheapest first."""


class IndexedGroup:
    """A group of offers, or those of its members that are in the regions asked for.

    `row` is the cheapest of the whole group: GPU, count, type, purchase and day are those of every member. `first` is the
    byte offset of the first member in the book. `found` holds the members, once they had to be looked up.
    """

    __slots__ = ("first", "found", "offers", "row", "size", "span")

    def __init__(self, row: list[str], size: int, first: int, span: Span, found: _Found | None = None) -> None:
        self.row = row
        self.size = size
        self.first = first
        self.span = span
        self.found = found
        self.offers: OfferGroup | None = None


class BookIndex:
    """The index of one book: `groups` in the order of their first rows."""

    def __init__(
        self, snapshot: Snapshot, head: dict[str, Any], path: Path | None, start: int, body: bytes | None = None
    ) -> None:
        self.head = head
        self._snapshot = snapshot
        self._path = path
        self._start = start  # of what lies behind the head
        self._body = body  # instead of the file, if there is none
        self._codes: dict[frozenset[tuple[str, str]], frozenset[int]] = {}
        sources, groups = head["sources"], []
        for size, first, begin, length, checksum, *cells in head["groups"]:
            cells[11] = sources[cells[11]]
            # a TypeError where one of them is no whole number, or no text
            if size | first | begin | length < 0 or not "".join(cells):
                raise ValueError("a group is none")
            groups.append(IndexedGroup(cells, size, first, (begin, length, checksum)))
        self.groups = tuple(groups)

    def behind_head(self) -> bytes:
        """The content of the index file without its head."""
        with self._opened() as file:
            file.seek(self._start)
            return file.read()

    def regions(self) -> set[str]:
        """Every region of the book."""
        return {region for region, _ in self.places()}

    def offers_by_region(self) -> dict[str, int]:
        """How many offers each region of the book has."""
        found: dict[str, int] = {}
        for region, _, count in self._places():
            found[region] = found.get(region, 0) + count
        return found

    def places(self) -> list[tuple[str, str]]:
        """Region and zone of every offer of the book, each once; no zone where a price holds for the whole region."""
        return [(region, zone) for region, zone, _ in self._places()]

    def within(self, groups: Iterable[IndexedGroup], places: frozenset[tuple[str, str]]) -> list[IndexedGroup]:
        """The groups with only those members that are in one of the places; some may be empty."""
        if places not in self._codes:
            if len(self._codes) >= _MOST_KEPT:
                self._codes.clear()
            self._codes[places] = frozenset(code for code, place in enumerate(self.places()) if place in places)
        codes = self._codes[places]
        groups = list(groups)
        parts = []
        for group, line in zip(groups, self._lines(group.span for group in groups), strict=True):
            members = zip(line["usd_per_hour"], line["starts"], line["places"], strict=True)
            chosen = [(price, start) for price, start, code in members if code in codes]
            found = ([price for price, _ in chosen], [start for _, start in chosen])
            parts.append(
                IndexedGroup(group.row, len(chosen), min(found[1], default=0), group.span, found)
                if len(chosen) < group.size
                else group
            )
        return parts

    def offer_groups(self, groups: Sequence[IndexedGroup]) -> list[OfferGroup]:
        """Turns groups of the index into `OfferGroup`s; none may be empty."""
        missing = [group for group in groups if group.offers is None]
        cut = [group.found for group in missing if group.found is not None]
        heads = iter(self.offers_at([prices[0] for prices, _ in cut], [starts[0] for _, starts in cut]))
        for group in missing:
            head = (
                vouched_offer_of(self._snapshot, float(group.row[6]), group.row) if group.found is None else next(heads)
            )
            group.offers = _offer_group(self, group, head)
        return [group.offers for group in groups if group.offers is not None]

    def members(self, group: IndexedGroup) -> _Found:
        """Prices and byte offsets of a group's members, cheapest first."""
        if group.found is None:
            (line,) = self._lines([group.span])
            group.found = (line["usd_per_hour"], line["starts"])
        return group.found

    def offers_at(self, prices: Sequence[float], starts: Sequence[int]) -> list[Offer]:
        """The offers of the rows at these byte offsets of the book.

        Raises:
            SnapshotError: the book has changed since its index was found to be good.
        """
        if not starts:
            return []
        offers = []
        try:
            with opened(self._snapshot.path) as file:
                for price, start in zip(prices, starts, strict=True):
                    row = row_at(file, start)
                    if len(row) != len(self._snapshot.columns) or float(row[6]) != price:
                        raise self._changed()
                    offers.append(vouched_offer_of(self._snapshot, price, row))
        except (OSError, csv.Error, ValueError):
            raise self._changed() from None
        return offers

    def _changed(self) -> SnapshotError:
        verify_sum(self._snapshot)
        return SnapshotError(f"{self._snapshot.path} changed while it was read. Try again.")

    def _places(self) -> list[tuple[str, str, int]]:
        (places,) = self._lines([self.head["places"]])
        return list(places)

    def _lines(self, spans: Iterable[Span]) -> Iterator[Any]:
        with self._opened() as opened:
            file = opened
            for span in spans:
                line = self._line(file, span)
                if line is None:
                    # damaged, or replaced meanwhile: from here on what the rows make
                    self._remake()
                    file = io.BytesIO(self._body or b"")
                    line = self._line(file, span)
                if line is None:
                    raise SnapshotError(f"The index {self._path} is not made from its book. Delete it.")
                yield json.loads(line)

    def _line(self, file: BinaryIO, span: Span) -> bytes | None:
        start, length, checksum = span
        file.seek(self._start + start)
        line = file.read(length)
        return line if zlib.crc32(line) == checksum else None

    def _opened(self) -> BinaryIO:
        if self._body is None and self._path is not None:
            try:
                return opened(self._path)
            except OSError:
                self._remake()
        return io.BytesIO(self._body or b"")

    def _remake(self) -> None:
        self._body = made_index(self._snapshot, self.head["stamp"])
        self._start = self._body.index(b"\n", HEAD_START) + 1


class _Members(Sequence[Offer]):
    """Members of a group by price and name, read some at a time."""

    def __init__(self, index: BookIndex, group: IndexedGroup, head: Offer) -> None:
        self._index = index
        self._group = group
        self._known = {0: head}

    def __len__(self) -> int:
        return self._group.size

    @overload
    def __getitem__(self, place: int) -> Offer: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Offer]: ...
    def __getitem__(self, place: int | slice) -> Offer | Sequence[Offer]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        number = range(len(self))[place]  # what is out of range is an IndexError
        if number not in self._known:
            self._read(number, min(number + max(_AT_ONCE, len(self._known)), len(self)))
        return self._known[number]

    def _read(self, start: int, stop: int) -> None:
        prices, starts = self._index.members(self._group)
        found = self._index.offers_at(prices[start:stop], starts[start:stop])
        self._known.update(zip(range(start, stop), found, strict=True))


def _offer_group(index: BookIndex, group: IndexedGroup, head: Offer) -> OfferGroup:
    members = _Members(index, group, head)
    return OfferGroup(head=head, size=group.size, members=lambda: members)
