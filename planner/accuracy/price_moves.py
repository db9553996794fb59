"""Prices seen twice: each price of a shipped book with the next one known of the same thing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path

from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.paths import shipped_data_dir
from planner.prices.books import book_offers
from planner.prices.catalog import is_excluded
from planner.prices.drift import PriceClass, is_flagship, price_class
from planner.prices.snapshots import Snapshot, list_snapshots, read_snapshot

FILTERED = ("aws", "2023-08-06")
"""A book whose rows were chosen because they equal later prices: it says nothing of how prices move."""
_FROZEN = {("vast", date(2026, 5, 20)): date(2026, 4, 29)}
"""Days that lists bear and the true ones, where a list was found to be a frozen copy after its book was shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What one provider did from one book to the next."""

    provider: str
    price_class: PriceClass
    first_day: date
    last_day: date

    @property
    def name(self) -> str:
        """Provider and days, as a reader sees them."""
        return f"{self.provider} {self.first_day} to {self.last_day}"

    def overlaps(self, provider: str, first_day: date, last_day: date) -> bool:
        """Whether something of the provider between two days tells of this period too; touching ends do not."""
        return provider == self.provider and first_day < self.last_day and self.first_day < last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One price that was seen again: per hour, of the machine or (where names change) of the GPU."""

    period: Period
    gpu: str
    first_day: date
    last_day: date
    usd_before: float
    usd_after: float

    @property
    def age_days(self) -> int:
        """Days from the price to the next."""
        return (self.last_day - self.first_day).days

    @property
    def ln(self) -> float:
        """Logarithm of the price after over the price before."""
        return math.log(self.usd_after / self.usd_before)

    @property
    def is_flagship(self) -> bool:
        """Whether the price is of a GPU whose list prices can be cut at one blow."""
        return is_flagship(self.gpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Moves of prices that no shipped book holds, by their quantiles: a row of `data/price_moves.csv`."""

    provider: str
    price_class: PriceClass
    age_days: int
    first_day: date
    last_day: date
    pairs: int
    share_unchanged: float
    q05_ln: float
    q50_ln: float
    q95_ln: float
    source: str
    as_of: date
    note: str


@cache
def summaries() -> tuple[Summary, ...]:
    """The rows of `data/price_moves.csv`."""
    return tuple(read_rows("price_moves.csv", Summary))


@cache
def book_moves() -> tuple[Move, ...]:
    """Every price of the shipped books that the next book of its provider knows anew."""
    paths = [path for path in list_snapshots(shipped_data_dir()) if (path.parent.name, path.stem) != FILTERED]
    return tuple(
        move
        for _, books in groupby(paths, key=lambda path: path.parent.name)
        for before, after in pairwise(books)
        for move in _moves(before, after)
    )


def _moves(before: Path, after: Path) -> Iterator[Move]:
    old, new = read_snapshot(before), read_snapshot(after)
    known = _prices(old)
    for key, (offer, usd_after) in _prices(new).items():
        kind = price_class(offer)
        if kind is None or key not in known or not _is_like(old, known[key][0], new, offer):
            continue
        first, usd_before = known[key]
        first_day = _FROZEN.get((first.provider, first.observed_on), first.observed_on)
        if offer.observed_on <= first_day:
            continue
        start = _FROZEN.get((old.provider, old.observed_on), old.observed_on)
        yield Move(
            period=Period(provider=old.provider, price_class=kind, first_day=start, last_day=new.observed_on),
            gpu=offer.gpu,
            first_day=first_day,
            last_day=offer.observed_on,
            usd_before=usd_before,
            usd_after=usd_after,
        )


def _prices(snapshot: Snapshot) -> Mapping[tuple[object, ...], tuple[Offer, float]]:
    """One price of each thing in a book: the newest, and of several the cheapest."""
    found: dict[tuple[object, ...], tuple[Offer, float]] = {}
    for offer in book_offers(snapshot):
        priced = _thing(offer)
        if priced is None:
            continue
        key, usd = priced
        known = found.get(key)
        if known is None or (-offer.observed_on.toordinal(), usd) < (-known[0].observed_on.toordinal(), known[1]):
            found[key] = offer, usd
    return found


def _thing(offer: Offer) -> tuple[tuple[object, ...], float] | None:
    """What stays the same while its price moves, and that price; `None` if it cannot be compared.

    Small clouds have one price everywhere and rename their machines, so it is a GPU and its count; of a marketplace it is
    a GPU, and the cheapest hour of it: medians of some days have no counterpart on others.
    """
    kind = price_class(offer)
    if kind is PriceClass.MARKETPLACE:
        usd = offer.usd_per_hour_cheapest
        if usd is None and offer.offers_count is not None:
            return None
        return (kind, offer.gpu), (offer.usd_per_hour if usd is None else usd) / offer.gpu_count
    if kind is PriceClass.LIST_SMALL:
        return (kind, offer.gpu, offer.gpu_count, offer.purchase), offer.usd_per_hour
    return (kind, offer.instance_type, offer.region, offer.zone, offer.purchase), offer.usd_per_hour


def _is_like(old: Snapshot, before: Offer, new: Snapshot, after: Offer) -> bool:
    """Whether both prices hold the same parts of the bill."""
    return _left_out(old, before) == _left_out(new, after)


def _left_out(snapshot: Snapshot, offer: Offer) -> list[str]:
    return [entry["what"] for entry in snapshot.excludes if is_excluded(entry, offer)]


def by_period(moves: Iterable[Move]) -> Mapping[Period, list[Move]]:
    """The moves of each period, in the order they come."""
    found: dict[Period, list[Move]] = {}
    for move in moves:
        found.setdefault(move.period, []).append(move)
    return found
