"""Purchase prices of GPUs: dated prices by condition, and one price with a range to plan with."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache

from planner.hardware.tables import read_groups, read_rows
from planner.model.frozen import dataclass
from planner.units import current_day

WINDOW_DAYS = 365
"""Prices count together when they lie within a year of the newest: a buyer meets the spread of that year."""

STALE_DAYS = 365
"""A newest price older than this is called stale: cards changed price by half or doubled within a year in 2021 to 2026."""


class Condition(StrEnum):
    """The state a card is bought in."""

    NEW = "new"
    USED = "used"
    REFURBISHED = "refurbished"


class Form(StrEnum):
    """The thing that a price buys: a card, a board, a module or a share of a system."""

    CARD = "card"  # one PCIe card with one GPU
    BOARD = "board"  # one PCIe card with several GPUs
    MODULE = "module"  # one GPU that only works in a server built for it
    SYSTEM_SHARE = "system_share"  # a whole system divided by its GPUs
    NOT_SOLD = "not_sold"  # cannot be bought; the note says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One dated price of one GPU from `data/cards.csv`.

    `usd` is `None` only for what is not sold. `usd_low` and `usd_high` are the range the source itself gives.
    """

    gpu: str
    condition: Condition | None
    form: Form
    usd: float | None
    usd_low: float | None
    usd_high: float | None
    as_of: str
    source: str
    note: str

    @property
    def day(self) -> date:
        """The day the price stands for: the middle of the year or month where the source gives no more."""
        return day_of(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPrice:
    """The price to plan with: the median of the newest price of each source, and the range they span."""

    usd: float
    usd_low: float
    usd_high: float
    form: Form
    as_of: str  # of the newest row
    rows: tuple[Card, ...]

    def age_days(self, today: date) -> int:
        """Days from the newest row to `today`, at least 0."""
        return max(0, (today - max(row.day for row in self.rows)).days)

    def is_stale(self, today: date) -> bool:
        """Whether even the newest row is more than a year old."""
        return self.age_days(today) > STALE_DAYS


def card_price(gpu: str, condition: Condition) -> CardPrice | None:
    """The price of one card, board or module in that condition; `None` if no source states one.

    Of each source the newest row counts; of these, the rows within a year of the newest. The price is their median,
    the range runs from the lowest low to the highest high.

    >>> price = card_price("rtx-3090", Condition.USED)
    >>> price.usd, price.usd_low, price.usd_high
    (750.0, 500.0, 999.0)
    """
    newest: dict[str, Card] = {}
    for row in cards_of(gpu):
        if row.condition is condition and row.usd is not None:
            kept = newest.get(row.source)
            # a yearly median and a month of the same year: the month is the later word, though its middle may be earlier
            if kept is None or (row.as_of[:4], len(row.as_of), row.day) > (kept.as_of[:4], len(kept.as_of), kept.day):
                newest[row.source] = row
    if not newest:
        return None
    last = max(row.day for row in newest.values())
    rows = sorted(
        (row for row in newest.values() if (last - row.day).days <= WINDOW_DAYS), key=lambda row: (row.day, row.source)
    )
    prices = [row.usd for row in rows if row.usd is not None]
    return CardPrice(
        usd=_median(prices),
        usd_low=min(row.usd_low or price for row, price in zip(rows, prices, strict=True)),
        usd_high=max(row.usd_high or price for row, price in zip(rows, prices, strict=True)),
        form=rows[-1].form,
        as_of=rows[-1].as_of,
        rows=tuple(rows),
    )


def conditions_priced(gpu: str) -> tuple[Condition, ...]:
    """The conditions in which a price of the GPU is known, in the order new, used, refurbished."""
    known = {row.condition for row in cards_of(gpu) if row.usd is not None}
    return tuple(condition for condition in Condition if condition in known)


def cards_of(gpu: str) -> Sequence[Card]:
    """Every row of one GPU, in the order of the file."""
    return _shipped(gpu) or _stated(gpu)


@cache
def _shipped(gpu: str) -> tuple[Card, ...]:
    return tuple(read_rows("cards.csv", Card, holding=f"\n{gpu},"))  # not the three hundred of others


@cache
def load_cards() -> Mapping[str, Sequence[Card]]:
    """Every price of the shipped table by GPU."""
    return read_groups("cards.csv", Card, lambda row: row.gpu)


def _stated(gpu: str) -> tuple[Card, ...]:
    """The prices that stand in the description of a card."""
    from planner.hardware.described import SOURCE, described  # noqa: PLC0415 - few describe a device of their own

    found = described(gpu)
    return tuple(
        Card(
            gpu=gpu,
            condition=condition,
            form=Form.CARD,
            usd=found.numbers[figure],
            usd_low=None,
            usd_high=None,
            as_of=current_day().isoformat(),
            source=SOURCE,
            note="",
        )
        for figure, condition in (("usd_new", Condition.NEW), ("usd_used", Condition.USED))
        if found is not None and figure in found.numbers
    )


def day_of(as_of: str) -> date:
    """The day a date stands for: the middle of its year or month where it gives no more."""
    parts = [int(part) for part in as_of.split("-")]
    if len(parts) == 1:
        return date(parts[0], 7, 1)
    if len(parts) == 2:
        return date(parts[0], parts[1], calendar.monthrange(*parts)[1] // 2)
    return date(*parts)


def _median(values: Iterable[float]) -> float:
    """The middle of the values, or the mean of the middle two: `statistics` would load decimals and fractions for it."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
