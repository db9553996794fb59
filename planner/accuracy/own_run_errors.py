"""How far the planner is off on runs of our own, of which nothing was learnt: speed, speed as said beforehand, and memory."""

from __future__ import annotations

import math
from collections.abc import Mapping

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
from planner.throughput.memory import CONTEXT_BYTES, GIB

RUNS, BEFORE, MEMORY = "own_runs", "own_runs_before", "own_runs_memory"
ALL_OF_IT = "all of it: nothing is learnt from these runs"
OF_MEMORY = math.log(1.25)
"""What the page of language models and that of throughput say of the count of memory: within about a quarter."""


def own_runs_split() -> SplitResult:
    """The split of the runs as the planner foretells them today."""
    judged = []
    for one in _judged_runs():
        try:
            found = predicted_rate(one.run)
        except NoThroughputError:
            continue
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


def own_runs_memory_split() -> SplitResult:
    """The split of the most memory that tensors took, with the context of the driver, against our count."""
    judged = []
    for one in measured_runs():
        counted = predicted_memory_gib(one.run) if one.is_the_planned else None
        if one.memory_allocated_gib is not None and counted is not None:
            error = math.log(counted / (one.memory_allocated_gib + CONTEXT_BYTES / GIB))
            judged.append(
                Foretold(
                    log_error=error,
                    half_width=OF_MEMORY,
                    width=math.exp(2 * OF_MEMORY),
                    groups={"class": class_of(one)},
                )
            )
    return split_of(MEMORY, "counted", ALL_OF_IT, "the count of memory; a range of a quarter", judged)


def class_of(one: MeasuredRun) -> str:
    """The kind of job that a run is judged with."""
    if one.kind != "decoder":
        return {"image": "images", "encoder": "encoders"}.get(one.kind, "detection and segmentation")
    return "LoRA" if one.method == "lora" else "decoders"


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
        groups={"class": class_of(one), "number_format": _format_of(one), "run": one.name},
    )


def _format_of(one: MeasuredRun) -> str:
    return {"amp": "16", "bf16": "16"}.get(one.precision, one.precision)
