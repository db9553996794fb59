"""Finds the best layout of a language model over GPUs: of all that fit, the one with the fastest step."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from planner.errors import DoesNotFitError, UsageError
from planner.language.host import host_bytes, host_seconds, spilled_bytes
from planner.language.memory import memory_needed
from planner.language.step_time import Hardware, Stack, passes_of, stage_seconds, step_seconds
from planner.model.frozen import dataclass
from planner.model.language_runs import LanguageJob, Layout, Recomputation
from planner.throughput.memory import GIB, Memory

MAX_MICRO_BATCH = 64
"""Sequences in one forward pass; more fill no GPU better."""
MAX_STAGES = 32
"""Deeper pipelines than published runs use are searched only if asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A layout that fits, with its memory and the seconds of its step."""

    layout: Layout
    memory: Memory
    seconds_per_step: float
    host_bytes: float = 0.0  # memory of each machine for what its GPUs do not hold
    host_seconds: float = 0.0  # of the step, in which the GPUs wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Memory that a run may take."""

    usable_bytes: float  # of each GPU
    host_bytes: float | None = None  # of each machine; None: not stated


def best_plan(job: LanguageJob, gpu_count: int, room: Room, hardware: Hardware, stack: Stack) -> Plan:
    """The fastest layout that fits into the room; ties go to the simpler one.

    Raises:
        UsageError: what the job fixes does not divide the model, or leaves GPUs without a sequence.
        DoesNotFitError: no layout fits; `planner fit` says by how much, and what would make it fit.
    """
    fitting = [one for one in _cuts(job, gpu_count) if one.total_bytes <= room.usable_bytes]
    if not fitting:
        raise DoesNotFitError(_does_not_fit(job))
    plans = _fastest_first(job, fitting, hardware, stack)
    if not job.may_use_host:
        return next(plans)
    with_host = [_with_host(job, plan, room, hardware) for plan in plans]
    held = [plan for plan in with_host if room.host_bytes is None or plan.host_bytes <= room.host_bytes]
    if not held:
        raise DoesNotFitError(
            f"{job.model.name} ({job.method}) needs {min(plan.host_bytes for plan in with_host) / GIB:,.0f} GiB or more of its "
            "machine's own memory, which has less"
        )
    return min(held, key=_merit)


def _merit(plan: Plan) -> tuple[float, tuple[int, ...]]:
    return plan.seconds_per_step, _complexity(plan.layout)


def _fastest_first(job: LanguageJob, cuts: Iterable[_Cut], hardware: Hardware, stack: Stack) -> Iterator[Plan]:
    """The plans of the layouts, fastest first; of a layout that cannot be next only the least time is worked out."""
    stages: dict[tuple[int, int, int, Recomputation], float] = {}
    waiting = []
    for cut in cuts:
        if cut.stage not in stages:
            stages[cut.stage] = stage_seconds(job, cut.layout, hardware, stack)
        # no step takes less than its passes
        waiting.append((cut.passes * stages[cut.stage], cut))
    waiting.sort(key=itemgetter(0), reverse=True)
    found: list[Plan] = []
    while waiting or found:
        while waiting and (not found or waiting[-1][0] <= found[0].seconds_per_step):
            _, cut = waiting.pop()
            seconds = step_seconds(job, cut.layout, hardware, stack, stages[cut.stage])
            insort(found, Plan(layout=cut.layout, memory=cut.memory, seconds_per_step=seconds), key=_merit)
        yield found.pop(0)


def _with_host(job: LanguageJob, plan: Plan, room: Room, hardware: Hardware) -> Plan:
    """The plan with what it takes of the host."""
    spilled = spilled_bytes(job, plan.layout, plan.memory, room.usable_bytes)
    waiting = host_seconds(job, plan.layout, hardware, spilled)
    return replace(
        plan,
        seconds_per_step=plan.seconds_per_step + waiting,
        host_bytes=host_bytes(job, plan.layout, spilled, hardware.gpus_per_machine),
        host_seconds=waiting,
    )


def candidate_layouts(job: LanguageJob, gpu_count: int) -> Iterator[Layout]:
    """Every layout over `gpu_count` GPUs that divides heads and the batch, within what the job fixes.

    Layers need not divide evenly over pipeline stages: the fullest stage then sets memory and pace.

    Raises:
        UsageError: there is none; the message says what would divide.
    """
    sizes = list(_sizes(job, gpu_count))
    for tensor, pipeline in sizes:
        data = gpu_count // (tensor * pipeline)
        for micro_batch in _micro_batches(job, data):
            for zero_stage in _zero_stages(job, data, pipeline):
                for recomputation in _recomputations(job):
                    yield Layout(
                        data=data,
                        tensor=tensor,
                        pipeline=pipeline,
                        micro_batch=micro_batch,
                        zero_stage=zero_stage,
                        recomputation=recomputation,
                    )


@lru_cache(maxsize=128)
def least_memory(job: LanguageJob, gpu_count: int) -> tuple[Layout, Memory]:
    """The layout over so many GPUs that needs least memory of each, and that memory.

    Raises:
        UsageError: no layout divides the GPUs.
    """
    least = min(_cuts(job, gpu_count), key=lambda cut: cut.total_bytes)
    return least.layout, least.memory


class _Cut(NamedTuple):
    """A layout with what is the same on every kind of GPU; layouts of one `stage` pass a micro batch in the same time."""

    layout: Layout
    memory: Memory
    total_bytes: float
    passes: float
    stage: tuple[int, int, int, Recomputation]


@lru_cache(maxsize=32)
def _cuts(job: LanguageJob, gpu_count: int) -> tuple[_Cut, ...]:
    """Every candidate layout over so many GPUs."""
    found = []
    for layout in candidate_layouts(job, gpu_count):
        memory = memory_needed(job, layout)
        stage = (layout.tensor, layout.pipeline, layout.micro_batch, layout.recomputation)
        found.append(_Cut(layout, memory, memory.total, passes_of(job, layout), stage))
    return tuple(found)


def check_sizes(job: LanguageJob) -> None:
    """Refuse parallel sizes that the model cannot be cut into.

    Raises:
        UsageError: the message says which sizes will do.
    """
    model = job.model
    if job.tensor is not None and (job.tensor < 1 or model.heads % job.tensor or model.hidden % job.tensor):
        sizes = ", ".join(str(divisor) for divisor in _divisors(math.gcd(model.heads, model.hidden)) if divisor <= 64)
        raise UsageError(
            "{tensor_parallel} {given} does not divide the {heads} attention heads of {name}. Sizes that do: {sizes}.",
            argument="tensor_parallel",
            given=job.tensor,
            heads=model.heads,
            name=model.name,
            sizes=sizes,
        )
    if job.pipeline is not None and not 1 <= job.pipeline <= model.layers:
        raise UsageError(
            "{pipeline_parallel} {given}: {name} has {layers} layers, for 1 to {layers} stages.",
            argument="pipeline_parallel",
            given=job.pipeline,
            name=model.name,
            layers=model.layers,
        )


def _sizes(job: LanguageJob, gpu_count: int) -> list[tuple[int, int]]:
    """Tensor and pipeline sizes whose product divides the GPUs and leaves every replica at least one sequence."""
    model = job.model
    check_sizes(job)
    tensors = (
        [job.tensor] if job.tensor else [t for t in (1, 2, 4, 8) if model.heads % t == 0 and model.hidden % t == 0]
    )
    pipelines = [job.pipeline] if job.pipeline else range(1, min(MAX_STAGES, model.layers) + 1)
    if job.has_optimizer_in_backward:
        pipelines = [1]  # a pipeline accumulates
    even = [(t, p) for t in tensors for p in pipelines if gpu_count % (t * p) == 0]
    if not even:
        raise UsageError(
            f"{gpu_count} GPUs cannot be split into groups of {job.tensor or 1} x {job.pipeline or 1} "
            f"(tensor x pipeline). Multiples of {(job.tensor or 1) * (job.pipeline or 1)} can."
        )
    fed = [(t, p) for t, p in even if gpu_count // (t * p) <= job.batch_sequences]
    if not fed:
        least = min(gpu_count // (t * p) for t, p in even)
        raise UsageError(
            "{count} GPUs are more than the batch can feed: {tokens:,} tokens are {sequences} sequences of {length}, "
            "for {least} replicas. Use {batch_tokens} {enough} or more, or at most {most} GPUs.",
            argument="batch_tokens",
            count=gpu_count,
            tokens=job.batch_tokens,
            sequences=job.batch_sequences,
            length=job.sequence_length,
            least=least,
            enough=least * job.sequence_length,
            most=_most_gpus(even, gpu_count, job.batch_sequences),
        )
    # pipelines deeper than the micro batches of a step are mostly bubble
    busy = [(t, p) for t, p in fed if p == 1 or job.pipeline or p <= job.batch_sequences // (gpu_count // (t * p))]
    return busy or fed


def _most_gpus(even: list[tuple[int, int]], gpu_count: int, sequences: int) -> int:
    least = min(gpu_count // (t * p) for t, p in even)
    return gpu_count // least * sequences


def _micro_batches(job: LanguageJob, data: int) -> list[int]:
    most = job.batch_sequences // data
    if job.micro_batch is not None:
        if job.micro_batch > most:
            raise UsageError(
                "{micro_batch} {given} is more than the {most} sequences of a replica's step.",
                argument="micro_batch",
                given=job.micro_batch,
                most=most,
            )
        return [job.micro_batch]
    return [2**power for power in range(MAX_MICRO_BATCH.bit_length()) if 2**power <= min(most, MAX_MICRO_BATCH)]


def _zero_stages(job: LanguageJob, data: int, pipeline: int) -> tuple[int, ...]:
    if job.zero_stage is not None:
        return (job.zero_stage,)
    if data == 1:
        return (0,)
    # gradients and weights that come and go between micro batches do not go with a pipeline
    return (0, 1) if pipeline > 1 else (0, 1, 2, 3)


def _recomputations(job: LanguageJob) -> tuple[Recomputation, ...]:
    if job.recomputation is not None:
        return (job.recomputation,)
    if job.has_flash_attention:  # which already computes the scores again
        return (Recomputation.NONE, Recomputation.FULL)
    return (Recomputation.NONE, Recomputation.SELECTIVE, Recomputation.FULL)


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _complexity(layout: Layout) -> tuple[int, ...]:
    return layout.pipeline, layout.tensor, layout.zero_stage, layout.micro_batch


def _does_not_fit(job: LanguageJob) -> str:
    # the same words for every GPU: an estimate counts what it leaves out by reason
    name = job.model.name
    named = ("--model", name) if " " not in name else ()  # a model by its shape has no name to type
    options = " ".join((*named, "--method", str(job.method), *job.holding_options))
    return (
        f"{name} ({job.method}) does not fit into memory (planner fit {options} --gpu ... says what would make it fit)"
    )
