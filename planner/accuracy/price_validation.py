"""How often the range of today's price holds the next price that a book knows, each provider's period left out whole."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from planner.accuracy.price_fit import LIKE_ONE, UNCHANGED_LN, learnt
from planner.accuracy.price_moves import Move, Period, book_moves, by_period, summaries
from planner.accuracy.results import ErrorSummary, SplitResult, Validation
from planner.model.frozen import dataclass
from planner.prices.drift import PriceClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One price of a left-out period: its move, and the ends that the other periods predict for it, as logarithms."""

    move: Move
    low_ln: float
    high_ln: float
    weight: float

    @property
    def error(self) -> float:
        """The price of the book over the next one, less 1."""
        return math.exp(-self.move.ln) - 1

    @property
    def is_inside(self) -> bool:
        """Whether the range holds the next price, spelt to the last digit or not."""
        return self.low_ln - UNCHANGED_LN <= self.move.ln <= self.high_ln + UNCHANGED_LN

    def as_if_sure(self) -> Judged:
        """The same without a range."""
        return replace(self, low_ln=0.0, high_ln=0.0)


PRICE = "price"
"""The name of the split."""


def price_split() -> SplitResult:
    """The split `price`: prices of the shipped books against the next ones; takes some seconds."""
    judged = [one for period, moves in by_period(book_moves()).items() for one in _judged(period, moves)]
    of_class = {kind: [one for one in judged if one.move.period.price_class is kind] for kind in PriceClass}
    return SplitResult(
        split=PRICE,
        basis="price",
        left_out="what a provider did from one price book to the next",
        still_known="other providers, other times of this one",
        errors=_summary("prediction", judged),
        baselines=(),
        groups={
            "price_class": tuple(_summary(kind, ones) for kind, ones in of_class.items()),
            "without_a_range": tuple(
                _summary(kind, [one.as_if_sure() for one in ones]) for kind, ones in of_class.items()
            ),
            "period": tuple(
                _summary(f"{kind}: {period.name}", [one for one in ones if one.move.period == period])
                for kind, ones in of_class.items()
                for period in sorted({one.move.period for one in ones}, key=lambda period: period.name)
            ),
        },
    )


def price_validation() -> Validation:
    """The report of that split alone."""
    moves = book_moves()
    return Validation(
        rows=len(moves),
        newest_row=max(move.last_day for move in moves).isoformat(),
        splits=(price_split(),),
        worst=(),
    )


def _judged(period: Period, moves: Sequence[Move]) -> list[Judged]:
    drift = learnt(period.price_class, period.provider, book_moves(), summaries(), without=period)
    weight = min(LIKE_ONE, len(moves)) / len(moves)
    found = []
    for move in moves:
        low, high = drift.ends(move.age_days, is_flagship=move.is_flagship)
        found.append(Judged(move=move, low_ln=low, high_ln=high, weight=weight))
    return found


def _summary(name: str, judged: Sequence[Judged]) -> ErrorSummary:
    """Errors of the prices; coverage with no period weighing more than `LIKE_ONE` of its prices."""
    sizes = sorted(abs(one.error) for one in judged)
    return ErrorSummary(
        name=name,
        n=len(judged),
        median=statistics.median(sizes),
        mean=statistics.fmean(sizes),
        p90=sizes[math.ceil(0.9 * len(sizes)) - 1],
        bias=statistics.fmean(one.error for one in judged),
        coverage=math.fsum(one.weight for one in judged if one.is_inside) / math.fsum(one.weight for one in judged),
        width=statistics.median(math.exp(one.high_ln - one.low_ln) for one in judged),
    )
