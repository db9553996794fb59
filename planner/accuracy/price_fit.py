"""Learns from prices seen twice how far a price of some age may be from today's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from planner.accuracy.price_moves import Move, Period, Summary, by_period
from planner.prices.drift import TAIL, PriceClass, PriceDrift
from planner.units import DAYS_PER_YEAR

FULL_DAYS = {
    # list prices move in steps, so a month is as bad as a year; what is traded wanders, most of it within a year
    PriceClass.LIST_LARGE: 30,
    PriceClass.LIST_SMALL: 30,
    PriceClass.SPOT: 365,
    PriceClass.MARKETPLACE: 365,
}
TWO_WAYS = (PriceClass.LIST_SMALL, PriceClass.MARKETPLACE)
"""Few periods are known, and all prices of one went the same way: a rise counts as a fall of the same size too."""
LIKE_ONE = 50
"""Prices of one provider in one period move together: more of them than this weigh no more."""
UNCHANGED_LN = 0.002
"""Two spellings of one price lie this close."""
NO_RANGE_LN = 0.005
"""An end nearer than half a percent is no range: such moves of lists are roundings."""
JUMP_LN = 0.1
"""A cut of list prices deeper than this is a jump."""
TAILS = (0.05, 0.04, 0.03, 0.025, 0.02, 0.015, 0.01)
_POINTS = 20

Sample = tuple[Sequence[float], float]
"""Logarithms of the moves of one period, each as at `FULL_DAYS`, and the weight of them together."""


def fitted(moves: Sequence[Move], summaries: Sequence[Summary]) -> dict[PriceClass, PriceDrift]:
    """The drift of every class of prices."""
    return {kind: learnt(kind, moves, summaries) for kind in PriceClass}


def learnt(
    kind: PriceClass, moves: Iterable[Move], summaries: Iterable[Summary], without: Period | None = None
) -> PriceDrift:
    """The drift of a class, learnt from all its prices but those of a provider that tell of a period left out.

    The quantile of the moves that covers nine in ten of the periods it was learnt from covers fewer of the next one, as
    the prices of a period move together. So the tail is taken small enough that each period, predicted from the others,
    lies inside nine times in ten.
    """
    return _drift(
        kind,
        [
            move
            for move in moves
            if move.period.price_class is kind
            and not (without and without.overlaps(move.period.provider, move.first_day, move.last_day))
        ],
        [
            one
            for one in summaries
            if one.price_class is kind and not (without and without.overlaps(one.provider, one.first_day, one.last_day))
        ],
    )


def _drift(kind: PriceClass, moves: Sequence[Move], summed: Sequence[Summary]) -> PriceDrift:
    low, high = _ends(kind, by_period(moves), summed)
    jumps_per_year, deepest, least = _jumps(moves, summed) if kind is PriceClass.LIST_LARGE else (0.0, 0.0, 0.0)
    return PriceDrift(
        price_class=kind,
        full_days=FULL_DAYS[kind],
        low_ln=low,
        high_ln=high,
        jumps_per_year=jumps_per_year,
        jump_low_ln=deepest,
        jump_high_ln=least,
        periods=len(by_period(moves)) + len({one.provider for one in summed}),
        pairs=len(moves) + sum(one.pairs for one in summed),
        source="; ".join(["shipped price books", *sorted({one.source for one in summed})]),
        as_of=max([*(move.last_day for move in moves), *(one.last_day for one in summed)]),
    )


def _ends(
    kind: PriceClass, periods: Mapping[Period, Sequence[Move]], summaries: Sequence[Summary]
) -> tuple[float, float]:
    """Ends of the range at `FULL_DAYS`, at the largest tail that holds the periods it was not learnt from."""
    samples = {period: _sample(kind, moves) for period, moves in periods.items()}
    summed = [(one, _summed(kind, one)) for one in summaries]

    def sampled(*without: Period) -> list[Sample]:
        kept = [sample for period, sample in samples.items() if period not in without]
        kept += [
            sample
            for one, sample in summed
            if not any(period.overlaps(one.provider, one.first_day, one.last_day) for period in without)
        ]
        return [(_both_ways(values), weight) for values, weight in kept] if kind in TWO_WAYS else kept

    others = {period: _sorted(sampled(period)) for period in samples}
    for tail in TAILS:
        held = total = 0.0
        for period, (scaled, weight) in samples.items():
            low, high = _quantiles(others[period], tail)
            inside = sum(low - UNCHANGED_LN <= value <= high + UNCHANGED_LN for value in scaled)
            held += weight * inside / len(scaled)
            total += weight
        if held >= (1 - 2 * TAIL) * total:
            break
    return _quantiles(_sorted(sampled()), tail)


def _sample(kind: PriceClass, moves: Sequence[Move]) -> Sample:
    return [move.ln / _share(kind, move.age_days) for move in moves], min(LIKE_ONE, len(moves))


def _both_ways(values: Sequence[float]) -> list[float]:
    return [sign * value for value in values for sign in (1, -1)]


def _summed(kind: PriceClass, one: Summary) -> Sample:
    """Moves with those quantiles: straight lines from one to the next."""
    share = _share(kind, one.age_days)
    knots = ((0.0, one.q05_ln), (0.05, one.q05_ln), (0.5, one.q50_ln), (0.95, one.q95_ln), (1.0, one.q95_ln))
    return [_between(knots, (point + 0.5) / _POINTS) / share for point in range(_POINTS)], min(LIKE_ONE, one.pairs)


def _share(kind: PriceClass, age_days: int) -> float:
    return math.sqrt(min(age_days, FULL_DAYS[kind]) / FULL_DAYS[kind])


def _between(knots: Sequence[tuple[float, float]], place: float) -> float:
    for (start, below), (end, above) in pairwise(knots):
        if place <= end:
            return below + (above - below) * (place - start) / (end - start)
    return knots[-1][1]


def _sorted(samples: Iterable[Sample]) -> list[tuple[float, float]]:
    """Moves in order, each with its weight."""
    return sorted((value, weight / len(values)) for values, weight in samples for value in values)


def _quantiles(weighted: Sequence[tuple[float, float]], tail: float) -> tuple[float, float]:
    """The ends that leave out that share of the weight on each side; never short of 0, the price that stays."""
    limit = tail * sum(weight for _, weight in weighted)
    low, high = _first_beyond(weighted, limit), _first_beyond(list(reversed(weighted)), limit)
    return (low if low < -NO_RANGE_LN else 0.0), (high if high > NO_RANGE_LN else 0.0)


def _first_beyond(weighted: Sequence[tuple[float, float]], limit: float) -> float:
    passed = 0.0
    for value, weight in weighted:
        passed += weight
        if passed > limit:
            return value
    return 0.0


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
