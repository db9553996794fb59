"""Learns from left-out implementations how far strangers' code lies from a figure: the content of `between.json`.

Every mean gives each implementation the weight 1, however many cells it has. Variances of a class are shrunk to the mean of
the classes with the weight of four implementations (of number formats after an own measurement: eight), levels and ratios of formats
towards none with that of two. How far another GPU or number of GPUs may lie from an own measurement is learnt over all classes.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from planner.accuracy.learning.implementations import TIMM
from planner.accuracy.learning.leave_out_sources import STEPS, WITHOUT_BATCH, SourceError
from planner.throughput.between import POOLED, excess, formats_of, pull, shift
from planner.throughput.learnt import Record
from planner.throughput.precision import WIDTHS

VARIANCE_WEIGHT = 4.0
STEP_WEIGHT = 8.0  # of the mean of the classes, where what is left after an own measurement is told apart by class
LEVEL_WEIGHT = 2.0
THIN_WEIGHT = 1.0
NORMAL_95 = 1.6449
SHARE = 0.9
LEAST_SHARE = 0.25  # of a variance stays, whatever the claimed ranges explain
ROBUST_REACH = 3 * 1.4826  # times a median of absolute values: three standard deviations, if they are normal
CLAIMS = [step / 20 for step in range(2, 21)]
"""The half widths that are tried as what a row claims without being less certain than others: code of others is never nearer than 10 %."""
DIGITS = 4

Values = Mapping[str, Sequence[float]]
"""Values of the cells of each implementation."""


def learnt_between(errors: Sequence[SourceError]) -> Record:
    """The content of `between.json`, learnt from these errors."""
    by_split: dict[str, list[SourceError]] = {}
    for error in errors:
        by_split.setdefault(error.split, []).append(error)
    learnt: Record = {"carried": {POOLED: {}}, "thin": 0.0, "levels": {POOLED: dict.fromkeys(WIDTHS, 0.0)}}
    known, arithmetic = by_split["source"], [one for one in by_split.get("source_arithmetic", []) if one.origin != TIMM]
    learnt["carried"] |= _carried_formats(known)
    learnt["thin"] = _shrunk_mean(
        [*_offsets([one for one in known if one.situation.is_thin], learnt).values()], THIN_WEIGHT
    )
    learnt["levels"] |= _levels(arithmetic, learnt)
    prior = None
    for kind, mine in (("arithmetic", arithmetic), ("known", known)):
        if mine:
            spread = _spreads(kind, mine, learnt, prior)
            learnt[kind] = spread
            prior = (spread[POOLED]["tau"] ** 2, spread[POOLED]["sigma"] ** 2)
    learnt["kept"] = _kept_shares(errors, learnt)
    steps = [split for split in (*STEPS, *WITHOUT_BATCH) if split in by_split]
    learnt["steps"], learnt["usual"] = {}, {}
    for split in steps:
        mine = by_split[split]
        if split.startswith("own_format"):
            learnt["steps"][split] = _format_reaches(mine, learnt)
            learnt["usual"][split] = {"usual": _rounded(_usual(mine))}
        else:
            usual, reach = _step_reach(mine, learnt)
            learnt["steps"][split], learnt["usual"][split] = {POOLED: reach}, {"usual": usual}
    return learnt


def students_t(degrees: float) -> float:
    """The 95 % quantile of Student's t, by the expansion of Cornish and Fisher: within 0.3 % from three degrees on.

    >>> round(students_t(4), 2), round(students_t(10), 3)
    (2.13, 1.812)
    """
    z, n = NORMAL_95, degrees
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


def _spreads(
    kind: str, errors: Sequence[SourceError], learnt: Record, prior: tuple[float, float] | None
) -> dict[str, dict[str, float]]:
    """By class: both half widths, and what the claimed ranges usually are where they were learnt.

    `prior` are variances between and within implementations that stand in where there are hardly any to learn from.
    """
    by_class: dict[str, dict[str, list[SourceError]]] = {}
    for name, mine in _by_implementation(errors).items():
        by_class.setdefault(mine[0].stack_class, {})[name] = mine
    between, within = {}, {}
    usual = {name: _usual([one for mine in group.values() for one in mine]) for name, group in by_class.items()}
    for name, group in by_class.items():
        values = [[corrected(one, learnt) for one in mine] for mine in group.values()]
        offsets = {key: statistics.fmean(one) for key, one in zip(group, values, strict=True)}
        if kind == "arithmetic":
            without = {mine[0].model: _learnt_without(mine[0], errors, learnt) for mine in group.values()}
            offsets = {
                key: statistics.fmean(corrected(one, without[_model_of(key)]) for one in mine)
                for key, mine in group.items()
            }
        between[name] = statistics.fmean(offset**2 for offset in offsets.values())
        several = [
            max(_variance(one) - _extra_variance(mine, usual[name]), LEAST_SHARE * _variance(one))
            for one, mine in zip(values, group.values(), strict=True)
            if len(one) > 1
        ]
        within[name] = statistics.fmean(several) if several else None
    pooled_between = statistics.fmean(between.values())
    spreads = [value for value in within.values() if value is not None]
    pooled_within = statistics.fmean(spreads) if spreads else 0.0
    if prior is not None:
        number = sum(map(len, by_class.values()))
        pooled_between = _shrunk(pooled_between, number, prior[0])
        pooled_within = _shrunk(pooled_within, number, prior[1])
    found = {}
    for name in (*by_class, POOLED):
        group = by_class.get(name, {})
        count = len(group)
        tau2 = _shrunk(between.get(name, 0.0), count, pooled_between)
        sigma2 = _shrunk(within.get(name) or pooled_within, count, pooled_within)
        # scripts of one repository are kin: how far repositories lie apart is learnt from none of them
        strangers = count if len({one.origin for cells in group.values() for one in cells}) > 1 else 0
        # offsets from a level learnt without their own model hold its uncertainty already
        unknown_mean = 0.0 if kind == "arithmetic" else 1 / (strangers + VARIANCE_WEIGHT)
        quantile = students_t(strangers + VARIANCE_WEIGHT - 1)
        mine = [one for cells in group.values() for one in cells] or list(errors)
        found[name] = {
            "implementations": len(group),
            "tau": _rounded(math.sqrt(tau2)),
            "sigma": _rounded(math.sqrt(sigma2)),
            "common": _rounded(quantile * math.sqrt(tau2 * (1 + unknown_mean))),
            "alone": _rounded(quantile * math.sqrt(sigma2)),
            "usual": _rounded(_usual(mine)),
            "usual_level": _rounded(_root_mean(mine, lambda one: one.situation.level)),
        }
    return found


def _learnt_without(left_out: SourceError, arithmetic: Sequence[SourceError], learnt: Record) -> Record:
    """What was learnt, the level of its class as it would be without the model of this error."""
    stack_class = left_out.stack_class
    others = [one for one in arithmetic if one.stack_class == stack_class and one.model != left_out.model]
    return learnt | {"levels": learnt["levels"] | {stack_class: learnt["levels"][POOLED]} | _levels(others, learnt)}


def _levels(errors: Sequence[SourceError], learnt: Record) -> dict[str, dict[str, float]]:
    """By class and number format: what the level of arithmetic lacks to those of implementations."""
    found: dict[str, dict[str, float]] = {}
    for name in sorted({one.stack_class for one in errors}):
        found[name] = dict(learnt["levels"][POOLED])
        for width in sorted({one.width for one in errors if one.stack_class == name}):
            mine = [one for one in errors if (one.stack_class, one.width) == (name, width)]
            thin = {one.implementation: learnt["thin"] * one.situation.is_thin for one in mine}
            offsets = {
                key: statistics.fmean(one.log_error for one in cells) - thin[key]
                for key, cells in _by_implementation(mine).items()
            }
            found[name][width] = _level(offsets)
    return found


def _kept_shares(errors: Sequence[SourceError], learnt: Record) -> dict[str, dict[str, float]]:
    """How much is kept of a figure carried into another number format, by what is known beside it and by `formats_of`.

    The carried figure is off by c, the one beside it by c - g: keeping 1 - mean(c g) / mean(g g) leaves the least squares. Drawn
    to 1 with the weight of two implementations, and held between 0 and 1.
    """
    arithmetic = [one for one in errors if one.split == "source_arithmetic" and one.origin != TIMM]
    sums: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cells in _by_implementation(one for one in errors if one.situation.unmeasured is not None).values():
        without = _learnt_without(cells[0], arithmetic, learnt)
        by_place: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for one in cells:
            other = one.situation.unmeasured
            if other is not None and (formats := formats_of(one.situation)):
                gap = pull(other, without)
                by_place.setdefault((other.situation.kind, formats), []).append((one.log_error * gap, gap * gap))
        for place, values in by_place.items():
            sums.setdefault(place, []).append(_means_of_both(values))
    found: dict[str, dict[str, float]] = {}
    for (kind, formats), values in sorted(sums.items()):
        product, square = _means_of_both(values)
        given_up = product / square * len(values) / (len(values) + LEVEL_WEIGHT)
        found.setdefault(kind, {})[formats] = _rounded(1.0 - min(max(given_up, 0.0), 1.0))
    return found


def _means_of_both(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.fmean(one for one, _ in values), statistics.fmean(other for _, other in values)


def _carried_formats(errors: Sequence[SourceError]) -> dict[str, dict[str, float]]:
    """By class and number format: its error less that in 16 bits, where other rows of the model are known in 16 bits only."""
    found: dict[str, dict[str, float]] = {}
    for name in sorted({one.stack_class for one in errors}):
        for width in ("tf32", "fp32"):
            differences = []
            for cells in _by_implementation([one for one in errors if one.stack_class == name]).values():
                carried = [one.log_error for one in cells if one.width == width and one.situation.from_width == "16"]
                plain = [one.log_error for one in cells if one.width == "16"]
                if carried and plain:
                    differences.append(statistics.fmean(carried) - statistics.fmean(plain))
            if differences:
                found.setdefault(name, {})[width] = _shrunk_mean(differences, LEVEL_WEIGHT)
    return found


def _level(offsets: Mapping[str, float]) -> float:
    """The mean over models, each with the weight 1, shrunk towards none: what arithmetic gets wrong, it gets wrong of a model."""
    by_model: dict[str, list[float]] = {}
    for name, offset in offsets.items():
        by_model.setdefault(_model_of(name), []).append(offset)
    return _shrunk_mean([statistics.fmean(values) for values in by_model.values()], LEVEL_WEIGHT)


def _model_of(implementation: str) -> str:
    return implementation.partition("|")[0]


def _step_reach(errors: Sequence[SourceError], learnt: Record) -> tuple[float, float]:
    """Beyond what a claimed half width counts, and the half width of the 90 % range of a row that claims no more.

    One step away from an own measurement. Of the pairs that hold nine rows in ten it is the one of least interval score: the width, and
    twenty times what lies outside.
    """
    values = {
        name: [(one, corrected(one, learnt)) for one in mine] for name, mine in _by_implementation(errors).items()
    }
    found = []
    for usual in CLAIMS:
        scores = {name: [_score(*one, usual) for one in mine] for name, mine in values.items()}
        reach = weighted_quantile(scores, SHARE)
        costs = {name: [_interval_score(*one, usual, reach) for one in mine] for name, mine in values.items()}
        found.append((statistics.fmean(map(statistics.fmean, costs.values())), usual, reach))
    _, usual, reach = min(found)
    return usual, _rounded(reach)


def _interval_score(error: SourceError, log_error: float, usual: float, reach: float) -> float:
    """Width of the range and twenty times what of the error lies outside; the least is that of the true 90 % range."""
    below, above = (math.hypot(reach, more) for more in error.situation.on_top(usual))
    return below + above + 2 / (1 - SHARE) * max(log_error - above, -below - log_error, 0.0)


def _format_reaches(errors: Sequence[SourceError], learnt: Record) -> dict[str, float]:
    """By class: half width of the 90 % range of another number format than that of an own measurement."""
    usual = _usual(errors)
    squares: dict[str, list[float]] = {}
    for mine in _by_implementation(errors).values():
        square = _mean_square([corrected(one, learnt) for one in mine])
        kept = max(square - _extra_variance(mine, usual), LEAST_SHARE * square)
        squares.setdefault(mine[0].stack_class, []).append(kept)
    pooled = statistics.fmean(statistics.fmean(values) for values in squares.values())
    deviations = {
        name: math.sqrt(_shrunk(statistics.fmean(values), len(values), pooled, STEP_WEIGHT))
        for name, values in squares.items()
    }
    scores = {
        name: [_score(one, corrected(one, learnt), usual) / deviations[one.stack_class] for one in mine]
        for name, mine in _by_implementation(errors).items()
    }
    factor = weighted_quantile(scores, SHARE)
    found = {name: _rounded(factor * deviation) for name, deviation in deviations.items()}
    return {**found, POOLED: _rounded(factor * math.sqrt(pooled))}


def corrected(error: SourceError, learnt: Record) -> float:
    """ln(measured / predicted) after the shifts."""
    return error.log_error - shift(error.situation, learnt)


def weighted_quantile(values: Values, share: float) -> float:
    """The quantile of the values where each implementation has the weight 1.

    >>> weighted_quantile({"one": [1.0] * 99, "other": [2.0]}, 0.9)
    2.0
    """
    weighted = sorted((value, 1 / len(mine)) for mine in values.values() for value in mine)
    reached = 0.0
    for value, weight in weighted:
        reached += weight
        if reached >= share * len(values) - 1e-9:
            return value
    return weighted[-1][0]


def _offsets(errors: Iterable[SourceError], learnt: Record) -> dict[str, float]:
    by_name = _by_implementation(errors).items()
    return {name: statistics.fmean(corrected(one, learnt) for one in mine) for name, mine in by_name}


def _by_implementation(errors: Iterable[SourceError]) -> dict[str, list[SourceError]]:
    found: dict[str, list[SourceError]] = {}
    for error in errors:
        found.setdefault(error.implementation, []).append(error)
    return found


def _usual(errors: Iterable[SourceError]) -> float:
    """What the claimed half widths usually are, the parts of the level and of the batch apart."""
    return _root_mean(errors, lambda one: math.hypot(*one.situation.claimed) / math.sqrt(2))


def _variance(values: Sequence[float]) -> float:
    """The variance with far values pulled in to three robust deviations: one odd machine of many says little of strangers."""
    if len(values) < 5:
        return statistics.variance(values)
    middle = statistics.median(values)
    reach = ROBUST_REACH * statistics.median(abs(value - middle) for value in values)
    return statistics.variance(min(max(value, middle - reach), middle + reach) for value in values)


def _mean_square(values: Sequence[float]) -> float:
    """The mean square with far values pulled in likewise.

    >>> round(_mean_square([0.1, -0.1, 0.1, -0.1, 2.0]), 4)
    0.0476
    """
    reach = ROBUST_REACH * statistics.median(map(abs, values))
    return statistics.fmean(min(value**2, reach**2) for value in values)


def _score(error: SourceError, log_error: float, usual: float) -> float:
    """What is left of an error without what its row claims beyond the usual, on the side to which it fell.

    What a batch far away adds is not taken off: it is nothing that rows tell, and no reason to be nearer otherwise.
    """
    beyond = excess(error.situation.claimed[log_error > 0], usual)
    return math.sqrt(max(log_error**2 - beyond**2, 0.0))


def _extra_variance(errors: Sequence[SourceError], usual: float) -> float:
    return statistics.fmean((more / NORMAL_95) ** 2 for one in errors for more in one.situation.on_top(usual))


def _root_mean(errors: Iterable[SourceError], figure: Callable[[SourceError], float]) -> float:
    means = [statistics.fmean(figure(one) ** 2 for one in mine) for mine in _by_implementation(errors).values()]
    return math.sqrt(statistics.fmean(means))


def _shrunk(variance: float, count: int, pooled: float, weight: float = VARIANCE_WEIGHT) -> float:
    return (count * variance + weight * pooled) / (count + weight)


def _shrunk_mean(values: Sequence[float], weight: float) -> float:
    return _rounded(math.fsum(values) / (len(values) + weight))


def _rounded(value: float) -> float:
    return round(value, DIGITS)
