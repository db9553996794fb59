"""Learns how much faster the attention kernels of today are, from steps that one publication made at several lengths.

The fitted code (llm-foundry, 2023) ran the kernels of its day. Published code since has FlashAttention-2 or later, so that its
steps fall behind less with the length. What else a publication does better or worse is alike at all lengths, and cancels.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import replace

from planner.accuracy.measured_steps import foundry_steps
from planner.accuracy.published_steps import Foretold
from planner.language.stacks import ADAPTER_STACK, DEFAULT_STACK, FITTED_STACK, FUSED_STACK, LARGE_PARAMETERS
from planner.language.step_time import load_stacks, step_seconds
from planner.language.training_hardware import hardware_of
from planner.model.records import Precision

STACKS_OF_TODAY = (DEFAULT_STACK, FUSED_STACK, ADAPTER_STACK)
"""Stacks with the kernels of today. The first two have the fitted coefficients and teach the gain; adapters are fitted with it."""
GAINS = [1 + step / 20 for step in range(61)]
"""The gains that are tried."""


def learn_attention(steps: Iterable[Foretold]) -> float:
    """The gain at which steps of one publication, model and machine lie most alike at all lengths; each publication counts once."""
    series: dict[tuple[object, ...], list[Foretold]] = {}
    for one in steps:
        if (
            one.is_as_published
            and one.work.stack in (DEFAULT_STACK, FUSED_STACK)
            and one.plan.precision is not Precision.FP8
        ):
            job, plan = one.work.job, one.plan
            key = (one.publication, job.model.name, job.method, plan.gpu.name, plan.gpu_count)
            series.setdefault(key, []).append(one)
    publications: dict[object, list[list[Foretold]]] = {}
    for (publication, *_), found in series.items():
        if len({one.work.job.sequence_length for one in found}) > 1:
            publications.setdefault(publication, []).append(found)

    def scatter(gain: float) -> float:
        return math.fsum(
            statistics.fmean(statistics.pvariance([one.excess for one in at_gain(found, gain)]) for found in every)
            for every in publications.values()
        )

    return min(GAINS, key=lambda gain: (scatter(gain), gain))


def at_gain(steps: Iterable[Foretold], gain: float) -> list[Foretold]:
    """The steps as they exceed what is foretold with that gain in place of the shipped one."""
    return [replace(one, excess=one.excess - math.log(_speed(one, gain))) for one in steps]


@functools.cache
def excess_of_the_fit(gain: float) -> Mapping[str, float]:
    """What the steps that were fitted exceed those with that gain by, below and from 3 B parameters: natural logarithms."""
    fitted = load_stacks()[FITTED_STACK]
    found: dict[str, list[float]] = {"below": [], "from": []}
    for step in foundry_steps():
        seconds = step_seconds(step.job, step.layout, step.hardware, replace(fitted, attention_gain=gain))
        size = "from" if step.job.model.parameters >= LARGE_PARAMETERS else "below"
        found[size].append(math.log(seconds / step.seconds))
    return {size: statistics.fmean(excess) for size, excess in found.items()}


def _speed(one: Foretold, gain: float) -> float:
    """How much faster a step is foretold at that gain than at the shipped one."""
    shipped = load_stacks()[one.work.stack]
    if one.work.stack not in STACKS_OF_TODAY or gain == shipped.attention_gain:
        return 1.0
    plan, network = one.plan, one.work.network_gbit_per_s
    hardware = hardware_of(plan.gpu, plan.gpu_count, plan.precision, network_gbit_per_s=network)
    seconds = [
        step_seconds(one.work.job, plan.plan.layout, hardware, stack)
        for stack in (shipped, replace(shipped, attention_gain=gain))
    ]
    return seconds[0] / seconds[1]
