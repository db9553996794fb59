"""Learns how much faster matrix products run in fp8, from steps that one stack published in both formats."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import replace

from planner.accuracy.few_publications import t_quantile
from planner.accuracy.measured_steps import hopper_steps
from planner.accuracy.published_steps import Foretold, PublishedStep, load_published_steps
from planner.language.listed import load_language_models
from planner.language.stacks import FITTED_STACK
from planner.language.step_time import load_stacks, step_seconds
from planner.language.training_hardware import hardware_of
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, Layout, Recomputation
from planner.model.records import Gpu, Precision

GAINS = [1 + step / 200 for step in range(201)]
"""The gains that are tried: 8 bits have twice the peak of 16, and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A step that one stack published in fp8 and in bf16."""

    publication: str
    job: LanguageJob
    layout: Layout
    gpu: Gpu
    ratio: float  # tokens a second in fp8 over those in bf16


@dataclass(frozen=True, slots=True, kw_only=True)
class Fp8:
    """The rate of products in fp8 over that in bf16, and how far a stack may lie from what it gives, as a logarithm."""

    gain: float
    reach: float


def learn_fp8(pairs: Iterable[Pair]) -> Fp8:
    """The gain that comes closest to the published ratios, each publication counted once, and the reach of another one."""
    every = list(pairs)
    gain = min(GAINS, key=lambda one: (math.fsum(error**2 for error in _errors(every, one)), one))
    errors = _errors(every, gain)
    spread = math.sqrt(statistics.fmean(error**2 for error in errors))
    return Fp8(gain=gain, reach=t_quantile(len(errors)) * spread)


def speed_at(one: Foretold, gain: float) -> float:
    """How much faster a step in fp8 is at that gain than at the shipped one."""
    plan, stack = one.plan, load_stacks()[one.work.stack]
    network = one.work.network_gbit_per_s
    shipped = hardware_of(plan.gpu, plan.gpu_count, Precision.FP8, network_gbit_per_s=network)
    seconds = [
        step_seconds(one.work.job, plan.plan.layout, hardware, stack)
        for hardware in (shipped, replace(shipped, product_gain=gain))
    ]
    return seconds[0] / seconds[1]


def fp8_pairs() -> list[Pair]:
    """Every step of fp8 with the fastest one in bf16 that the same publication has of the same job in the same framework."""
    steps = load_published_steps()
    bf16 = {key: max(found) for key, found in _tokens_per_second(steps).items()}
    pairs = []
    for step in steps:
        known = bf16.get(_key(step))
        if step.precision is Precision.FP8 and known is not None:
            pairs.append(_pair(step, step.tokens_per_second / known))
    return pairs


def _errors(pairs: Iterable[Pair], gain: float) -> list[float]:
    """The mean error of each publication's ratios, as a logarithm."""
    found: dict[str, list[float]] = {}
    stack = load_stacks()[FITTED_STACK]
    for pair in pairs:
        plain = hardware_of(pair.gpu, pair.layout.gpu_count, Precision.BF16, gpus_per_machine=8)
        seconds, faster = (
            step_seconds(pair.job, pair.layout, hardware, stack)
            for hardware in (plain, replace(plain, product_gain=gain))
        )
        found.setdefault(pair.publication, []).append(math.log(pair.ratio / (seconds / faster)))
    return [statistics.fmean(errors) for errors in found.values()]


def _tokens_per_second(steps: Iterable[PublishedStep]) -> dict[tuple[object, ...], list[float]]:
    found: dict[tuple[object, ...], list[float]] = {}
    for step in steps:
        if step.precision is not Precision.FP8:
            found.setdefault(_key(step), []).append(step.tokens_per_second)
    for one in hopper_steps():
        key = (
            "llm-foundry",
            "llm-foundry",
            one.job.model.name,
            "h100-80gb-sxm",
            one.layout.gpu_count,
            one.job.sequence_length,
        )
        found.setdefault(key, []).append(one.job.batch_sequences * one.job.sequence_length / one.seconds)
    return found


def _key(step: PublishedStep) -> tuple[object, ...]:
    return step.publication, step.framework, step.model, step.gpu, step.gpu_count, step.sequence_length


def _pair(step: PublishedStep, ratio: float) -> Pair:
    return Pair(
        publication=step.publication,
        job=LanguageJob(
            model=load_language_models()[step.model],
            sequence_length=step.sequence_length,
            batch_tokens=round(step.batch_tokens),
        ),
        layout=Layout(
            data=step.gpu_count,
            micro_batch=step.micro_batch or 1,
            zero_stage=step.zero_stage or 0,
            recomputation=Recomputation(step.recompute or "none"),
        ),
        gpu=step.card,
        ratio=ratio,
    )
