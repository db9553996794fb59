"""How far the planner is off on runs of our own, of which nothing was learnt: speed, speed as said beforehand, and memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from planner.accuracy.own_runs import (
    MeasuredRun,
    OwnRun,
    PredictedRun,
    measured_runs,
    predicted_memory_gib,
    predicted_rate,
    runs_foretold,
)
from planner.accuracy.results import SplitResult
from planner.accuracy.summaries import Foretold, split_of
from planner.errors import NoThroughputError
from planner.language.stacks import ADAPTER_STACK
from planner.model.frozen import dataclass
from planner.model.records import Throughput
from planner.throughput.memory import CONTEXT_BYTES, GIB

RUNS, BEFORE, STACK, MEMORY = "own_runs", "own_runs_before", "own_runs_stack", "own_runs_memory"
MEMORY_STACK = "own_runs_memory_stack"
ALL_OF_IT = "all of it: nothing is learnt from these runs"
PLAIN = f"that it is plain code of Transformers: --stack {ADAPTER_STACK}"
OF_MEMORY = math.log(1.25)
"""What the page of language models and that of throughput say of the count of memory: within about a quarter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBeside:
    """A run beside what was said of it before, what is said today, and memory: what we count and what it held, in GiB."""

    measured: MeasuredRun
    before: PredictedRun | None
    today: Throughput | None
    counted_gib: float | None
    held_gib: float | None


def runs_beside() -> list[RunBeside]:
    """Every run that was made, in its order."""
    said = _said_before()
    return [
        RunBeside(
            measured=one,
            before=said.get(one.run),
            today=_today(one),
            counted_gib=predicted_memory_gib(one.run),
            held_gib=_held_gib(one),
        )
        for one in measured_runs()
    ]


def own_runs_split() -> SplitResult:
    """The split of the runs as the planner foretells them today."""
    judged = []
    for one in _judged_runs():
        found = _today(one)
        if found is not None:
            judged.append(_foretold(one, found.samples_per_second, found.low, found.high))
    return split_of(RUNS, "all", ALL_OF_IT, "other sources' rows; the data sheet of the GPU", judged)


def own_runs_before_split() -> SplitResult:
    """The split of the runs as they were foretold in writing before the first of them was made."""
    said = _said_before()
    judged = [
        _foretold(one, before.per_second, before.low, before.high)
        for one in _judged_runs()
        if (before := said.get(one.run)) is not None and before.per_second and before.low and before.high
    ]
    return split_of(BEFORE, "all", ALL_OF_IT, "what the planner knew before, in writing", judged)


def own_runs_stack_split() -> SplitResult:
    """The split of all weights of language models, asked for with the stack that the script is made of."""
    judged = []
    for one in _judged_runs():
        if _is_plain_decoder(one):
            found = predicted_rate(one.run, ADAPTER_STACK)
            judged.append(_foretold(one, found.samples_per_second, found.low, found.high))
    return split_of(STACK, "modelled", ALL_OF_IT, PLAIN, judged)


def own_runs_memory_split() -> SplitResult:
    """The split of the most memory that tensors took, with the context of the driver, against our count."""
    return _memory_split(MEMORY, "the count of memory; a range of a quarter", measured_runs())


def own_runs_memory_stack_split() -> SplitResult:
    """The split of memory of all weights of language models, counted for the stack that the script is made of."""
    return _memory_split(MEMORY_STACK, PLAIN, filter(_is_plain_decoder, measured_runs()), ADAPTER_STACK)


def _memory_split(name: str, known: str, runs: Iterable[MeasuredRun], stack: str | None = None) -> SplitResult:
    judged = []
    for one in runs:
        counted, held = predicted_memory_gib(one.run, stack), _held_gib(one)
        if held is not None and counted is not None and one.is_the_planned:
            judged.append(
                Foretold(
                    log_error=math.log(counted / held),
                    half_width=OF_MEMORY,
                    width=math.exp(2 * OF_MEMORY),
                    groups={"class": class_of(one)},
                )
            )
    return split_of(name, "counted", ALL_OF_IT, known, judged)


def _is_plain_decoder(one: MeasuredRun) -> bool:
    return class_of(one) == "decoders" and not one.compiled


def class_of(one: MeasuredRun) -> str:
    """The kind of job that a run is judged with."""
    if one.kind != "decoder":
        return {"image": "images", "encoder": "encoders"}.get(one.kind, "detection and segmentation")
    return "LoRA" if one.method == "lora" else "decoders"


def _today(one: MeasuredRun) -> Throughput | None:
    try:
        return predicted_rate(one.run)
    except NoThroughputError:
        return None


def _held_gib(one: MeasuredRun) -> float | None:
    """The most memory of tensors, and the context of the driver that the allocator does not see."""
    return None if one.memory_allocated_gib is None else one.memory_allocated_gib + CONTEXT_BYTES / GIB


def _judged_runs() -> list[MeasuredRun]:
    return [one for one in measured_runs() if one.per_second is not None and one.is_the_planned]


def _said_before() -> Mapping[OwnRun, PredictedRun]:
    return {
        OwnRun(
            kind=one.kind,
            model=one.model,
            method=one.method,
            gpu=one.gpu,
            precision=one.precision,
            batch_size=one.batch_size,
            size=one.size,
            recompute="full" if "recompute" in one.options else "none",
        ): one
        for one in runs_foretold()
    }


def _foretold(one: MeasuredRun, rate: float, low: float, high: float) -> Foretold:
    error = math.log(rate / (one.per_second or math.nan))
    side = low if error > 0 else high
    return Foretold(
        log_error=error,
        half_width=abs(math.log(rate / side)),
        width=high / low,
        groups={"class": class_of(one), "number_format": _format_of(one)},
    )


def _format_of(one: MeasuredRun) -> str:
    return {"amp": "16", "bf16": "16"}.get(one.precision, one.precision)
