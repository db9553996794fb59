"""Learns how fast published code is against the fitted steps, a class of jobs at a time, and judges it on left-out publications.

The steps of one publication are alike, so publications are counted, not rows. A class has a level (the mean of its
publications), a spread between publications (tau) and one within a publication (sigma). Both variances are drawn towards the
mean of all classes with the weight of four publications, and the range is that of Student's t: publications are few.
The level on few GPUs is drawn in the same way towards the one that models of that size have on many, so that a row gains
little by its count alone; their spreads are those of the size.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from planner.accuracy.attention_gain import at_gain, excess_of_the_fit, learn_attention
from planner.accuracy.few_publications import PRIOR, drawn, t_quantile
from planner.accuracy.fp8_gain import Fp8, Pair, learn_fp8, speed_at
from planner.accuracy.published_steps import Foretold
from planner.language.ranges import reaches
from planner.language.stacks import ADAPTER_STACK, FITTED_STACK, FUSED_ADAPTERS, MIXTURES, Level, fused_gain, in_fp8
from planner.model.frozen import dataclass
from planner.model.records import Precision

PRETRAINED, ADAPTED = FITTED_STACK, "Qwen"
"""The publications that steps were fitted to: each is one of its classes too, and not among the rows in 16 bits."""
FEW, MANY = "typical, 1 to 7 GPUs", "typical, 8 GPUs and more"
UNMOVED = {ADAPTER_STACK}
"""The stack that stands for the publication it was fitted to: others differ from it, and do not move it."""
SLOWEST = math.log(2.5)
"""Code so much slower than every other publication of its class is reported apart: no range holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A published step foretold by what the other publications say."""

    publication: str
    group: str
    error: float  # natural logarithm of measured over foretold tokens a second
    is_inside: bool
    width: float  # high over low of the range
    weight: float  # one over the steps of its publication in its class


def learn_levels(steps: Iterable[Foretold], attention: float, left_out: str = "") -> dict[str, Level]:
    """The level of every class, by its name, of steps that are foretold with that gain of attention.

    `left_out` names a publication that must not count, though steps were fitted to it.
    """
    every = list(steps)
    fitted = {ADAPTER_STACK: {ADAPTED: [0.0]}}
    if left_out != PRETRAINED:
        for size, excess in excess_of_the_fit(attention).items():
            fitted[f"{MANY}, {size} 3 B"] = {PRETRAINED: [excess]}
    pretrained = _learnt(_classes((one for one in every if one.group != FUSED_ADAPTERS), fitted))
    return _learnt(_classes(every, fitted, fused_gain(pretrained)))


def _learnt(classes: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Level]:
    shifts = {group: _shift(group, classes) for group in classes}
    pools = {group: [other for other in classes if _pool(other) == _pool(group)] for group in classes}
    between = {group: _between(pool, classes, shifts) for group, pool in pools.items()}
    within = {group: _within(pool, classes) for group, pool in pools.items()}
    # how far mixtures scatter says nothing of dense models; a class counts by its publications
    usual = [
        statistics.fmean(
            value
            for group, value in kind.items()
            if value is not None and group != MIXTURES
            for _ in range(_count([group], classes))
        )
        for kind in (between, within)
    ]
    levels = {}
    for group, pool in pools.items():
        count = _count(pool, classes)
        tau, sigma = (drawn(kind[group], count, mean) for kind, mean in zip((between, within), usual, strict=True))
        quantile = t_quantile(count)
        levels[group] = Level(
            shift=shifts[group],
            common=quantile * math.sqrt(tau * (1 + 1 / (count + PRIOR))),
            spread=quantile * math.sqrt(sigma),
            publications=count,
        )
    return levels


def leave_publications_out(steps: Sequence[Foretold], pairs: Sequence[Pair]) -> list[Judged]:
    """Foretells every publication with the levels, ranges and gains of attention and of fp8 that the others give.

    A class of one publication only has nothing to be foretold from, and is not judged.
    """
    judged = []
    for publication in sorted({one.publication for one in steps}):
        others = [one for one in steps if one.publication != publication]
        attention = learn_attention(others)
        levels = learn_levels(at_gain(others, attention), attention, publication)
        fp8 = learn_fp8(pair for pair in pairs if pair.publication != publication)
        own = at_gain([one for one in steps if one.publication == publication], attention)
        for one in own:
            if one.group in levels:
                alike = sum(_label(other) == _label(one) for other in own)
                judged.append(_judged(one, levels, fp8, 1 / alike))
    return judged


def slow_apart(steps: Sequence[Foretold]) -> tuple[list[Foretold], list[Foretold]]:
    """The steps of usual publications, and those of code far slower than every other of its class."""
    apart = set()
    for group, found in _classes(steps, {}).items():
        means = {publication: statistics.fmean(values) for publication, values in found.items()}
        for publication, mean in means.items():
            others = [other for name, other in means.items() if name != publication]
            if others and mean < min(others) - SLOWEST:
                apart.add((group, publication))
    usual = [one for one in steps if (one.group, one.publication) not in apart]
    return usual, [one for one in steps if (one.group, one.publication) in apart]


def _judged(one: Foretold, levels: Mapping[str, Level], fp8: Fp8, weight: float) -> Judged:
    level, excess = levels[one.group], one.excess
    if one.plan.precision is Precision.FP8:
        level, excess = in_fp8(one.group, levels, fp8.reach), excess - math.log(speed_at(one, fp8.gain))
    error = excess - level.shift
    whole = reaches(one.work, replace(one.plan, level=level), None).whole
    return Judged(
        publication=one.publication,
        group=_label(one),
        error=error,
        is_inside=-whole[0] <= error <= whole[1],
        width=math.exp(math.fsum(whole)),
        weight=weight,
    )


def _label(one: Foretold) -> str:
    """The class, with the format where it was not learnt in it."""
    return "typical, fp8" if one.plan.precision is Precision.FP8 and one.group.startswith("typical") else one.group


def _classes(
    steps: Iterable[Foretold], fitted: Mapping[str, Mapping[str, list[float]]], gain: float = 0.0
) -> dict[str, dict[str, list[float]]]:
    """What each publication of each class exceeds the steps by, with those of the fit; fused adapters in fp8 without that gain."""
    classes: dict[str, dict[str, list[float]]] = {}
    for one in steps:
        if _teaches(one):
            is_gained = one.group == FUSED_ADAPTERS and one.plan.precision is Precision.FP8
            excess = one.excess - (gain if is_gained else 0.0)
            classes.setdefault(one.group, {}).setdefault(one.publication, []).append(excess)
    return {group: {**found, **fitted.get(group, {})} for group, found in classes.items()}


def _teaches(one: Foretold) -> bool:
    """Steps in fp8 teach the level of 16 bits only where the stack is published in fp8 alone."""
    return one.plan.precision is not Precision.FP8 or one.group.startswith(("fused", "mixtures"))


def _means(group: str, classes: Mapping[str, Mapping[str, Sequence[float]]]) -> list[float]:
    """What each publication of a class exceeds the fitted steps by."""
    return [statistics.fmean(found) for found in classes[group].values()]


def _shift(group: str, classes: Mapping[str, Mapping[str, Sequence[float]]]) -> float:
    """The mean of the publications of a class; on few GPUs drawn towards the level that the size has on many."""
    if group in UNMOVED:
        return 0.0
    own = _means(group, classes)
    many = group.replace(FEW, MANY)
    if group == many or many not in classes:
        return statistics.fmean(own)
    return (math.fsum(own) + PRIOR * statistics.fmean(_means(many, classes))) / (len(own) + PRIOR)


def _pool(group: str) -> str:
    """The classes whose spreads are one: how far code differs is a matter of the model's size, not of the number of GPUs."""
    return group.replace(FEW, MANY)


def _count(pool: Sequence[str], classes: Mapping[str, Mapping[str, Sequence[float]]]) -> int:
    """The publications of these classes, each once."""
    return len({name for group in pool for name in classes[group]})


def _between(
    pool: Sequence[str], classes: Mapping[str, Mapping[str, Sequence[float]]], shifts: Mapping[str, float]
) -> float | None:
    """The variance of publications about the level of their class; `None` if there is only one."""
    apart = [mean - shifts[group] for group in pool for mean in _means(group, classes)]
    free = len(apart) - sum(group not in UNMOVED for group in pool)
    return math.fsum(one**2 for one in apart) / free if free > 0 else None


def _within(pool: Sequence[str], classes: Mapping[str, Mapping[str, Sequence[float]]]) -> float | None:
    """The variance within publications of a class, each counted once; `None` if all have one step."""
    every = [statistics.variance(one) for group in pool for one in classes[group].values() if len(one) > 1]
    return statistics.fmean(every) if every else None
