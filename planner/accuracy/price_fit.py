"""Learns from prices seen twice how far a price of some age may be from today's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from planner.accuracy.price_moves import Move, Period, Summary, by_period
from planner.model.frozen import dataclass
from planner.prices.drift import TAIL, PriceClass, PriceDrift
from planner.units import DAYS_PER_YEAR

FULL_DAYS = {
    # list prices move in steps, so a month is as bad as a year; what is traded wanders, most of it within a year
    PriceClass.LIST_LARGE: 30,
    PriceClass.LIST_SMALL: 30,
    PriceClass.SPOT: 365,
    PriceClass.MARKETPLACE: 365,
}
LIKE_ONE = 50
"""Prices of one provider in one period move together: more of them than this weigh no more."""
UNCHANGED_LN = 0.002
"""Two spellings of one price lie this close."""
NO_RANGE_LN = 0.005
"""An end nearer than half a percent is no range: such moves of lists are roundings."""
JUMP_LN = 0.1
"""A cut of list prices deeper than this is a jump."""
TAILS = (0.05, 0.045, 0.04, 0.035, 0.03, 0.025, 0.02, 0.015, 0.01)
FEWEST_PERIODS = 2
"""A provider with fewer periods has no figures of its own."""
CLASS_PERIODS = 4
"""The class counts as so many periods of a provider when his figures are drawn toward it."""
_POINTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The moves of one period as logarithms, each as at `FULL_DAYS`, and what they weigh together.

    `period` is `None` where only a summary of them is known.
    """

    provider: str
    first_day: date
    last_day: date
    period: Period | None
    values: tuple[float, ...]
    weight: float

    @property
    def square(self) -> float:
        """The mean square of the moves."""
        return math.fsum(value * value for value in self.values) / len(self.values)


def fitted(moves: Sequence[Move], summaries: Sequence[Summary]) -> list[PriceDrift]:
    """The drift of every class of prices, and of the providers whose own differs."""
    drifts = []
    for kind in PriceClass:
        of_class = learnt(kind, None, moves, summaries)
        own = [learnt(kind, provider, moves, summaries) for provider in _providers(kind, moves, summaries)]
        drifts += [of_class, *(one for one in own if one.provider and one.low_ln < one.high_ln)]
    return drifts


def learnt(
    kind: PriceClass,
    provider: str | None,
    moves: Iterable[Move],
    summaries: Iterable[Summary],
    without: Period | None = None,
) -> PriceDrift:
    """The drift of a class, learnt from all its prices but those of a provider that tell of a period left out.

    All prices of a period tend to go one way, and the next period may go the other: a rise counts as a fall of the same
    size too. A provider with periods enough has a range of its own: that of the class, times the ratio of the mean
    squares of his moves and of all, which are drawn together. With fewer he has that of the class (`provider` is `None`).
    """
    kept = [
        move
        for move in moves
        if move.period.price_class is kind
        and not (without and without.overlaps(move.period.provider, move.first_day, move.last_day))
    ]
    summed = [
        one
        for one in summaries
        if one.price_class is kind and not (without and without.overlaps(one.provider, one.first_day, one.last_day))
    ]
    return _drift(kind, provider, kept, summed)


def _providers(kind: PriceClass, moves: Iterable[Move], summaries: Iterable[Summary]) -> list[str]:
    return sorted(
        {move.period.provider for move in moves if move.period.price_class is kind}
        | {one.provider for one in summaries if one.price_class is kind}
    )


def _drift(kind: PriceClass, provider: str | None, moves: Sequence[Move], summed: Sequence[Summary]) -> PriceDrift:
    samples = [_sample(kind, period, ones) for period, ones in by_period(moves).items()]
    samples += [_summed(kind, one) for one in summed]
    reach = _ends(samples) * _factor(samples, provider)
    jumps_per_year, deepest, least = _jumps(moves, summed) if kind is PriceClass.LIST_LARGE else (0.0, 0.0, 0.0)
    own = provider if _stretches(samples, provider) >= FEWEST_PERIODS else None
    told = [move for move in moves if own is None or move.period.provider == own]
    listed = [one for one in summed if own is None or one.provider == own]
    return PriceDrift(
        price_class=kind,
        provider=own,
        full_days=FULL_DAYS[kind],
        low_ln=0.0 - reach,  # never -0
        high_ln=reach,
        jumps_per_year=jumps_per_year,
        jump_low_ln=deepest,
        jump_high_ln=least,
        periods=len(by_period(told)) + len({one.provider for one in listed}),
        pairs=len(told) + sum(one.pairs for one in listed),
        source="; ".join(["shipped price books", *sorted({one.source for one in listed})]),
        as_of=max([*(move.last_day for move in told), *(one.last_day for one in listed)]),
    )


def _factor(samples: Sequence[Sample], provider: str | None) -> float:
    """How far prices of a provider move against those of the class; 1 where too little of them is known."""
    own = [sample for sample in samples if sample.provider == provider]
    periods, square = _stretches(samples, provider), _square(samples)
    if periods < FEWEST_PERIODS or not square:
        return 1.0
    return math.sqrt((periods * _square(own) / square + CLASS_PERIODS) / (periods + CLASS_PERIODS))


def _stretches(samples: Iterable[Sample], provider: str | None) -> int:
    """Periods of a provider; all summaries together count as one more, as they overlap."""
    own = [sample for sample in samples if sample.provider == provider]
    return sum(sample.period is not None for sample in own) + any(sample.period is None for sample in own)


def _square(samples: Iterable[Sample]) -> float:
    weights = [(sample.square, sample.weight) for sample in samples]
    return math.fsum(square * weight for square, weight in weights) / math.fsum(weight for _, weight in weights)


def _ends(samples: Sequence[Sample]) -> float:
    """How far the range reaches at `FULL_DAYS`, at the largest tail that holds the periods it was not learnt from.

    A tail that covers nine in ten of the periods it was learnt from covers fewer of the next one, as prices of a period
    move together. So each period is predicted from the others, and a smaller tail is taken if it holds more of them.
    """
    best, held_by_best = TAILS[0], -1.0
    for tail in TAILS:
        held = _held(samples, tail)
        if held > held_by_best:
            best, held_by_best = tail, held
        if held >= 1 - 2 * TAIL:
            break
    return _reach(samples, best)


def _held(samples: Sequence[Sample], tail: float) -> float:
    """The share of moves that the ranges learnt from the other periods hold; 1 if there is nothing to judge by."""
    held = total = 0.0
    for sample in samples:
        others = [other for other in samples if not (sample.period and _tells(other, sample.period))]
        if sample.period is None or not others:
            continue
        reach = _reach(others, tail) * _factor(others, sample.provider) + UNCHANGED_LN
        held += sample.weight * sum(abs(value) <= reach for value in sample.values) / len(sample.values)
        total += sample.weight
    return held / total if total else 1.0


def _tells(sample: Sample, period: Period) -> bool:
    return sample.period == period or period.overlaps(sample.provider, sample.first_day, sample.last_day)


def _reach(samples: Sequence[Sample], tail: float) -> float:
    """How far moves go either way but for that share on each side; 0 where that is no range.

    The next price counts as one more, which may lie beyond all of them: with few prices the range reaches further.
    """
    sizes = sorted(
        ((abs(value), sample.weight / len(sample.values)) for sample in samples for value in sample.values),
        reverse=True,
    )
    limit = 2 * tail * (math.fsum(weight for _, weight in sizes) + 1) - 1
    passed = 0.0
    for size, weight in sizes:
        passed += weight
        if passed > limit:
            return size if size > NO_RANGE_LN else 0.0
    return 0.0


def _sample(kind: PriceClass, period: Period, moves: Sequence[Move]) -> Sample:
    return Sample(
        provider=period.provider,
        first_day=min(move.first_day for move in moves),
        last_day=max(move.last_day for move in moves),
        period=period,
        values=tuple(move.ln / _share(kind, move.age_days) for move in moves),
        weight=min(LIKE_ONE, len(moves)),
    )


def _summed(kind: PriceClass, one: Summary) -> Sample:
    """Moves with those quantiles: straight lines from one to the next."""
    share = _share(kind, one.age_days)
    knots = ((0.0, one.q05_ln), (0.05, one.q05_ln), (0.5, one.q50_ln), (0.95, one.q95_ln), (1.0, one.q95_ln))
    return Sample(
        provider=one.provider,
        first_day=one.first_day,
        last_day=one.last_day,
        period=None,
        values=tuple(_between(knots, (point + 0.5) / _POINTS) / share for point in range(_POINTS)),
        weight=min(LIKE_ONE, one.pairs),
    )


def _share(kind: PriceClass, age_days: int) -> float:
    return math.sqrt(min(age_days, FULL_DAYS[kind]) / FULL_DAYS[kind])


def _between(knots: Sequence[tuple[float, float]], place: float) -> float:
    for (start, below), (end, above) in pairwise(knots):
        if place <= end:
            return below + (above - below) * (place - start) / (end - start)
    return knots[-1][1]


def _jumps(moves: Sequence[Move], summaries: Sequence[Summary]) -> tuple[float, float, float]:
    """Cuts at one blow: how many a year and provider, the deepest and the least, as logarithms; all 0 if there was none."""
    cuts = [move for move in moves if move.is_flagship and move.ln < -JUMP_LN]
    if not cuts:
        return 0.0, 0.0, 0.0
    spans: dict[str, list[tuple[date, date]]] = {}
    for move in moves:
        spans.setdefault(move.period.provider, []).append((move.period.first_day, move.period.last_day))
    for one in summaries:
        spans.setdefault(one.provider, []).append((one.first_day, one.last_day))
    years = sum((_covered(days) for days in spans.values()), timedelta(0)) / timedelta(days=DAYS_PER_YEAR)
    sizes = sorted(move.ln for move in cuts)
    return len({move.period for move in cuts}) / years, sizes[0], sizes[-1]


def _covered(days: Iterable[tuple[date, date]]) -> timedelta:
    """The time that the spans cover together."""
    total, reached = timedelta(0), date.min
    for first, last in sorted(days):
        total += max(timedelta(0), last - max(first, reached))
        reached = max(reached, last)
    return total
