"""The ages of prices: those of the rows, not of the book that holds them, by kind of purchase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from planner.model.book_ages import PriceAges
from planner.model.records import Purchase
from planner.prices.index import index_of
from planner.prices.snapshots import Snapshot

AgedRows = tuple[Purchase, date, int]
"""Rows of one kind and day: kind of purchase, day of the price, and how many there are."""


def price_ages(rows: Iterable[AgedRows], today: date) -> tuple[PriceAges, ...]:
    """The ages of the prices, one record for each kind of purchase among them, in the order of `Purchase`."""
    counts: dict[Purchase, dict[int, int]] = {}
    for purchase, day, count in rows:
        ages, age = counts.setdefault(purchase, {}), (today - day).days
        ages[age] = ages.get(age, 0) + count
    return tuple(
        PriceAges(purchase=purchase, counts=tuple(sorted(counts[purchase].items())))
        for purchase in Purchase
        if purchase in counts
    )


def book_ages(snapshot: Snapshot, today: date) -> tuple[PriceAges, ...]:
    """The ages of all prices of a book, from its index.

    Raises:
        SnapshotError: the book cannot be trusted.
    """
    groups = index_of(snapshot).groups
    return price_ages(
        ((Purchase(group.row[5]), date.fromisoformat(group.row[10]), group.size) for group in groups), today
    )


def ages_together(ages: Sequence[PriceAges]) -> PriceAges | None:
    """The ages of all kinds of purchase as of one; `None` of no prices."""
    if not ages:
        return None
    by_age: dict[int, int] = {}
    for kind in ages:
        for age, count in kind.counts:
            by_age[age] = by_age.get(age, 0) + count
    return PriceAges(purchase=None, counts=tuple(sorted(by_age.items())))
