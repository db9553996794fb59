"""Processors beside GPUs: how much faster GPUs are, and the machine without one that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.answers.pricing import Pricing, first_of_group
from planner.answers.question import Question
from planner.answers.ranking import Priced
from planner.errors import NoThroughputError
from planner.hardware.processors import choose_devices, is_processor
from planner.model.records import Throughput, Workload
from planner.prices.catalog import select_groups
from planner.results.speed_ups import SpeedUp
from planner.throughput.limits import OPERATIONS_PER_MAC
from planner.units import SECONDS_PER_HOUR, hours

LEAST_USD_PER_TFLOPS_HOUR = 0.048
"""USD that no offer of `data/processor_offers.csv` goes below for an hour of each TFLOPS that training may reach there at
most, which is twice the FP32 peak at base clock."""


def speed_ups(question: Question, heads: Sequence[Priced]) -> tuple[SpeedUp, ...]:
    """The speed of the fewest of each GPU over that of the fastest processor, fastest GPU first; none if no processor was named."""
    if not any(is_processor(device) for choice in question.wanted.gpus for device in choice.gpus):
        return ()
    processors = [one for one in heads if is_processor(one.offer.gpu)]
    fewest: dict[str, Priced] = {}
    for one in heads:
        if not is_processor(one.offer.gpu) and one.offer.gpu_count >= 1:
            known = fewest.setdefault(one.offer.gpu, one)
            if one.offer.gpu_count < known.offer.gpu_count:
                fewest[one.offer.gpu] = one
    if not processors:
        return ()
    slow = max(processors, key=lambda one: (one.throughput.samples_per_second, one.offer.instance_type))
    found = [_speed_up(one, slow) for one in fewest.values()]
    return tuple(sorted(found, key=lambda one: (-one.factor, one.gpu)))


def _speed_up(fast: Priced, slow: Priced) -> SpeedUp:
    one, other = fast.throughput, slow.throughput
    return SpeedUp(
        gpu=fast.offer.gpu,
        gpu_count=fast.offer.gpu_count,
        processor=slow.offer.gpu,
        processor_count=slow.offer.gpu_count,
        factor=one.samples_per_second / other.samples_per_second,
        low=one.low / other.high,
        high=one.high / other.low,
    )


def on_the_front(pricing: Pricing, heads: Sequence[Priced]) -> list[Priced]:
    """The machines without a GPU that no other way beats in time without costing more, where nobody named a device.

    They are rare: a run must be so short that its start decides.
    """
    least = min(one.usd for one in heads)
    if not may_beat(pricing.question, least):
        return []
    question = pricing.question
    found = []
    asked = replace(question.wanted, gpus=(choose_devices("cpu"),))
    snapshots = tuple(pricing.offered.snapshots.values())
    for group in select_groups(snapshots, asked, today=question.today, may_be_empty=True).groups:
        throughput: Throughput | NoThroughputError = pricing.speeds.of(group.head)
        if isinstance(throughput, NoThroughputError):
            continue
        seconds = question.work.workload.samples / throughput.samples_per_second
        if hours(seconds) * group.head.usd_per_hour >= least:
            continue  # dearer than the cheapest of all before anything else is counted: its bill need not be written
        found += [
            one
            for one in first_of_group(pricing, group, throughput, 1)
            if not any(other.usd <= one.usd and other.seconds <= one.seconds for other in heads)
        ]
    return found


def may_beat(question: Question, usd: float) -> bool:
    """Whether a machine without a GPU may do the work for less, where nobody named a device."""
    wanted = question.wanted
    if wanted.gpus or wanted.gpu_counts or wanted.has_processors or question.nodes > 1 or _is_language(question):
        return False
    return _least_usd(question.work.workload) < usd


def _least_usd(workload: Workload) -> float:
    """USD below which no offered processor can train the network, and 0 where nobody knows its arithmetic.

    So the tables of processors are read only for runs so short that one of them may win.
    """
    gmacs = workload.model.forward_gmacs_per_sample
    if gmacs is None or workload.input_size is not None:
        return 0.0
    return workload.samples * gmacs * OPERATIONS_PER_MAC / 1e3 / SECONDS_PER_HOUR * LEAST_USD_PER_TFLOPS_HOUR


def _is_language(question: Question) -> bool:
    return question.work.workload.language is not None
