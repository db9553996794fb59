"""The steady time of a step: change points, then the lower mode of the longest steady part; never total over total.

A log begins with compilation, loading and empty caches, is held up by evaluation and checkpoints, and drifts. The method:

1. Cut the sequence of log(seconds per step) where its level changes: least sum of deviations from the weighted median of each
   part, each deviation clipped at 25 % so that a lone stall buys no cut, plus a penalty for every part.
2. In each part take the lower mode: the median of the shortest interval that holds half of the steps, then the weighted median of
   all within 15 % of it. What lies above is a stall.
3. The steady part is the longest in which at least half of the steps lie within 15 %, with those parts within 3 % of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.logs.partition import change_points
from planner.logs.records import Interval
from planner.model.frozen import dataclass

WITHIN = 0.15
ALIKE = 0.03
FEWEST = 5
FEWEST_EPOCHS, EPOCH_SECONDS = 3, 20.0
GRAINS = 50
FEWEST_GRAINS = 10
MOST_POINTS = 200
DRIFT = 0.03
SAME_MACHINE, DRIFTING, FEW = 0.03, 0.08, 0.05
"""Half widths for the same job again on a dedicated machine, on one whose log drifts, and from fewer than ten intervals: 880 repeated
runs on 8 x H100 lay within 0.6 % in 95 % of cases and rarely 3 to 7 %; two runs of one set-up on a shared machine a tenth apart."""
LONG_SPELL = 0.1
COARSEST = 0.2
"""Whole seconds rounded by more than that have lost what they measured: 0.6 s and 1.4 s are both `1s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A long part of a run at another pace: `times` as long a step as the steady one."""

    first: float
    last: float
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """Seconds of a steady step with a range, and what else the time went into.

    `stall_share` is the time above the steady pace in the steady part, as a share of steady time; `startup_seconds` the time before
    it above the same pace.
    """

    seconds: float
    low: float
    high: float
    units: float | None
    startup_seconds: float
    stall_share: float
    first: float
    last: float
    steps: float
    intervals: int
    is_drifting: bool
    spells: tuple[Spell, ...] = ()
    starts_faster: bool = False


class NotSteadyError(Exception):
    """No part of the run is steady; the text says why."""


def steady_of(
    intervals: Sequence[Interval], *, grain: float = 0.0, rounding: float = 0.0, are_epochs: bool = False
) -> Steady:
    """The steady pace of a run.

    Args:
        intervals: in the order of their steps.
        grain: least difference of the clock, in seconds.
        rounding: half width of the rounding of each figure, as a fraction.
        are_epochs: each interval is a whole epoch.

    Raises:
        NotSteadyError: too few intervals, figures or a clock too coarse, or no part that is steady.
    """
    if rounding > COARSEST and all(_pace(one) == round(_pace(one)) for one in intervals):
        raise NotSteadyError(
            f"its times are whole seconds, rounded by up to {rounding:.0%} of what they say: too coarse"
        )
    fine = _merged_to_grain([one for one in intervals if one.steps > 0 and one.seconds >= 0], grain)
    while True:
        _check_number(fine, are_epochs=are_epochs)
        found = _longest_part(fine, are_epochs=are_epochs)
        if found is not None:
            return _described(fine, *found, grain=grain, rounding=rounding)
        if len(fine) < 4 * FEWEST:
            raise NotSteadyError("not yet steady: no part of the run has half of its steps within 15 % of one pace")
        fine = _by_twos(fine)  # steps of unlike size are steady in the mean


def weighted_median(pairs: Sequence[tuple[float, float]]) -> float:
    """The value at half of the weight, of (value, weight) in any order."""
    ordered = sorted(pairs)
    half, held = math.fsum(weight for _, weight in ordered) / 2, 0.0
    for index, (value, weight) in enumerate(ordered):
        held += weight
        if held > half * (1 + 1e-12):
            return value
        if held >= half * (1 - 1e-12):
            return (value + ordered[min(index + 1, len(ordered) - 1)][0]) / 2
    return ordered[-1][0]


def lower_mode(pairs: Sequence[tuple[float, float]]) -> float:
    """The weighted median of all values within 15 % of the middle of the shortest interval that holds half of the weight."""
    ordered = sorted(pairs)
    half = math.fsum(weight for _, weight in ordered) / 2
    best, left, held = (math.inf, 0, 0), 0, 0.0
    for right, (value, weight) in enumerate(ordered):
        held += weight
        while held - ordered[left][1] >= half * (1 - 1e-12):
            held -= ordered[left][1]
            left += 1
        if held >= half * (1 - 1e-12):
            low = ordered[left][0]
            best = min(best, (value / low if low > 0 else math.inf, left, right))
    middle = weighted_median(ordered[best[1] : best[2] + 1])
    near = [
        (value, weight) for value, weight in ordered if abs(math.log(max(value, 1e-12) / max(middle, 1e-12))) <= WITHIN
    ]
    return weighted_median(near) if near else middle


def _check_number(fine: Sequence[Interval], *, are_epochs: bool) -> None:
    of_epochs = are_epochs and all(one.seconds / one.steps >= EPOCH_SECONDS for one in fine)
    fewest = FEWEST_EPOCHS if of_epochs else FEWEST
    if len(fine) < fewest:
        raise NotSteadyError(
            f"too few intervals on the clock: {len(fine)}, and at least {fewest} are needed to tell a steady pace"
        )


def _merged_to_grain(intervals: Sequence[Interval], grain: float) -> list[Interval]:
    """The intervals, merged until each is long against the grain of the clock; a median of grains sticks to their multiples."""
    if not grain:
        return list(intervals)
    whole = math.fsum(one.seconds for one in intervals)
    least = min(GRAINS * grain, max(whole / (2 * FEWEST), FEWEST_GRAINS * grain))
    merged: list[Interval] = []
    held: list[Interval] = []
    for one in intervals:
        held.append(one)
        if math.fsum(each.seconds for each in held) >= least:
            merged.append(joined(held))
            held = []
    if whole < FEWEST * FEWEST_GRAINS * grain and len(merged) < FEWEST:
        raise NotSteadyError(f"the clock is too coarse: steps of {grain:g} s over {whole:,.0f} s in all")
    return merged


def _by_twos(intervals: Sequence[Interval]) -> list[Interval]:
    return [joined(intervals[index : index + 2]) for index in range(0, len(intervals) - 1, 2)]


def joined(several: Sequence[Interval]) -> Interval:
    """Neighbouring intervals as one."""
    if len(several) == 1:
        return several[0]
    known = [(one.units, one.steps) for one in several if one.units is not None]
    return Interval(
        end=several[-1].end,
        steps=math.fsum(one.steps for one in several),
        seconds=math.fsum(one.seconds for one in several),
        units=math.fsum(units * steps for units, steps in known) / math.fsum(steps for _, steps in known)
        if known
        else None,
    )


def _longest_part(
    fine: Sequence[Interval], *, are_epochs: bool
) -> tuple[list[tuple[int, int]], float, list[int]] | None:
    """The parts of the run as index ranges, the steady pace, and which parts have it; `None` if no part is steady."""
    size = math.ceil(len(fine) / MOST_POINTS)
    groups = [fine[index : index + size] for index in range(0, len(fine), size)]
    points = [weighted_median([(_pace(one), one.steps) for one in group]) for group in groups]
    weights = [math.fsum(one.steps for one in group) for group in groups]
    cuts = change_points([math.log(max(point, 1e-12)) for point in points], weights)
    parts = [(start * size, min(end * size, len(fine))) for start, end in cuts]
    fewest = FEWEST_EPOCHS if are_epochs else FEWEST
    steady: list[tuple[float, int, float]] = []
    for index, (start, end) in enumerate(parts):
        pairs = [(_pace(one), one.steps) for one in fine[start:end]]
        mode, whole = lower_mode(pairs), math.fsum(weight for _, weight in pairs)
        near = [one.steps for one in fine[start:end] if _is_near(one, mode)]
        if math.fsum(near) > whole / 2 * (1 + 1e-9) and len(near) >= min(fewest, len(fine)):
            steady.append((whole, index, mode))
    if not steady:
        return None
    _, _, pace = max(steady)
    alike = [index for _, index, mode in steady if abs(math.log(mode / pace)) <= ALIKE]
    pooled = [(_pace(one), one.steps) for index in alike for one in fine[parts[index][0] : parts[index][1]]]
    return parts, lower_mode(pooled), alike


def _described(
    fine: Sequence[Interval],
    parts: list[tuple[int, int]],
    seconds: float,
    alike: list[int],
    *,
    grain: float,
    rounding: float,
) -> Steady:
    begin = _settled(fine, parts[alike[0]], seconds)
    inside = [one for index in alike for one in fine[max(parts[index][0], begin) : parts[index][1]]]
    near = [one for one in inside if _is_near(one, seconds)]
    steps = math.fsum(one.steps for one in inside)
    before = fine[:begin]
    is_drifting = len(near) >= 2 * FEWEST and _drift(fine[begin:]) > DRIFT
    half = max(DRIFTING if is_drifting else SAME_MACHINE, FEW if len(near) < 2 * FEWEST else 0.0)
    half = max(half, rounding, *(0.5 * grain / one.seconds for one in near if one.seconds))
    low, high = _block_range(near, seconds)
    units = [(one.units, one.steps) for one in near if one.units is not None]
    lost = math.fsum(one.seconds for one in before) - seconds * math.fsum(one.steps for one in before)
    return Steady(
        seconds=seconds,
        low=min(low, seconds / (1 + half)),
        high=max(high, seconds * (1 + half)),
        units=weighted_median(units) if units else None,
        startup_seconds=max(lost, 0.0),
        stall_share=max(math.fsum(one.seconds for one in inside) / (steps * seconds) - 1, 0.0),
        first=inside[0].end - inside[0].steps,
        last=inside[-1].end,
        steps=steps,
        intervals=len(near),
        is_drifting=is_drifting,
        spells=tuple(_spells(fine, parts, alike, seconds)),
        starts_faster=lost < 0,
    )


def _settled(fine: Sequence[Interval], part: tuple[int, int], seconds: float) -> int:
    """Where the steady part truly begins: a short start-up buys no cut of its own."""
    for index in range(*part):
        ahead = fine[index : min(index + FEWEST, part[1])]
        if _is_near(fine[index], seconds) and 2 * sum(_is_near(one, seconds) for one in ahead) > len(ahead):
            return index
    return part[0]


def _drift(after: Sequence[Interval]) -> float:
    """How far the last third lies from the first, as a natural logarithm."""
    third = max(len(after) // 3, 1)
    first, last = (lower_mode([(_pace(one), one.steps) for one in some]) for some in (after[:third], after[-third:]))
    return abs(math.log(last / first))


def _is_near(one: Interval, seconds: float) -> bool:
    return abs(math.log(max(_pace(one), 1e-12) / seconds)) <= WITHIN


def _block_range(near: Sequence[Interval], seconds: float) -> tuple[float, float]:
    """The 10 % and 90 % quantiles of the mean pace of blocks of a twentieth of the run."""
    size = max(math.ceil(len(near) / 20), FEWEST)
    means = sorted(
        _pace(joined(near[index : index + size])) for index in range(0, len(near), size) if len(near) >= index + size
    )
    if len(means) < 2:
        return seconds, seconds
    return means[math.floor(0.1 * (len(means) - 1))], means[math.ceil(0.9 * (len(means) - 1))]


def _spells(fine: Sequence[Interval], parts: list[tuple[int, int]], alike: list[int], seconds: float) -> list[Spell]:
    whole = math.fsum(one.steps for one in fine)
    found = []
    for index, (start, end) in enumerate(parts):
        steps = math.fsum(one.steps for one in fine[start:end])
        if index in alike or steps < LONG_SPELL * whole or index == 0:
            continue
        mode = lower_mode([(_pace(one), one.steps) for one in fine[start:end]])
        found.append(Spell(first=fine[start].end - fine[start].steps, last=fine[end - 1].end, times=mode / seconds))
    return found


def _pace(one: Interval) -> float:
    return one.seconds / one.steps
