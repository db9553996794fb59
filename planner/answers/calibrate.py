"""Learns from the logs of a run: the files of each run folder, verdicts, and the runs for a calibration file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from planner.errors import UsageError
from planner.hardware.gpus import load_gpus
from planner.logs.calibration import CalibratedRun
from planner.logs.reader import Log, read_folder_or_file
from planner.logs.records import Facts, Verdict
from planner.logs.tables import Columns
from planner.logs.verdict import Judged, best_view
from planner.model.frozen import dataclass
from planner.model.records import Gpu, Precision
from planner.work.listed import known_model

BACKWARD = 3.0
"""A training step computes the forward pass once and gradients of about twice that."""
PRECISIONS = frozenset(map(str, Precision))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Every run that was found, with its verdict, and sentences on what contradicts itself."""

    runs: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[Judged, ...]:
        """The runs that have a rate."""
        return tuple(run for run in self.runs if run.verdict is not Verdict.REFUSED)

    @property
    def records(self) -> tuple[CalibratedRun, ...]:
        """The usable runs as a calibration file holds them."""
        return tuple(map(calibrated_run, self.usable))


def calibrate(
    paths: Sequence[Path], *, given: Facts | None = None, columns: Columns | None = None, run: int | None = None
) -> Calibration:
    """What the logs at these paths teach.

    Args:
        paths: files or folders of runs.
        given: what the user says of the runs; it wins over the files.
        columns: columns of a table that no kind is known of.
        run: only the run of that number, as they are listed from 1.

    Raises:
        UsageError: a path does not exist, or there is no run of that number.
        DataError: a file needs a library that is not installed.
    """
    runs: list[Judged] = []
    notes: list[str] = []
    for path in paths:
        groups = read_folder_or_file(path, columns or Columns())
        if not any(groups):
            raise UsageError(f"{path}: no file in it looks like a log of training. docs/calibrate.md lists the kinds.")
        for group in groups:
            found, said = learned(group, given or Facts())
            runs += found
            notes += said
    if run is not None:
        if not 1 <= run <= len(runs):
            raise UsageError("{run} must be 1 to {last}, not {given}.", argument="run", last=len(runs), given=run)
        runs = [runs[run - 1]]
    return Calibration(runs=tuple(_without_refused_twins(runs)), notes=tuple(notes))


def learned(logs: Sequence[Log], given: Facts) -> tuple[list[Judged], list[str]]:
    """The runs of the logs of one folder with their verdicts, and sentences on what contradicts itself; `given` wins over the files."""
    found, said = best_view(logs, given)
    return list(map(_checked, found)), said


def calibrated_run(one: Judged) -> CalibratedRun:
    """The run as a calibration file holds it; what is not known is left out."""
    facts = one.facts
    moment = one.run.ended_at or (facts.started_at if facts.started_at and facts.started_at > 1e9 else None)
    return CalibratedRun(
        model=facts.model,
        gpu=facts.gpu if facts.gpu in load_gpus() else None,
        gpu_count=None if facts.gpu_count is None else int(facts.gpu_count),
        node_count=facts.node_count,
        precision=facts.precision if facts.precision in PRECISIONS else None,
        batch_size=batch_per_gpu(facts),
        samples_per_second=one.rate,
        low=one.low,
        high=one.high,
        sample_unit=one.unit,
        verdict=one.verdict,
        startup_seconds=one.startup_seconds,
        stall_share=one.stall_share,
        watts=facts.watts,
        memory_gib=facts.memory_gib,
        source=f"{one.run.kind}, {one.run.source}"[:200],
        measured_on=None if moment is None else datetime.fromtimestamp(moment, UTC).date().isoformat(),
    )


def batch_per_gpu(facts: Facts) -> float | None:
    """Samples of each GPU and batch; `None` where the files leave it open."""
    if facts.batch_size is not None:
        return facts.batch_size
    if facts.batch_of_all is not None and facts.gpu_count == 1:
        return facts.batch_of_all
    if facts.step_samples is not None and facts.gpu_count and facts.accumulation in (None, 1.0):
        return facts.step_samples / facts.gpu_count
    return None


def missing_of(calibration: Calibration) -> list[str]:
    """The arguments that would make the usable runs complete, in the order to ask for them."""
    asked = {name for one in calibration.usable for question in one.questions for name in _named(question)}
    for one in calibration.runs:
        asked |= set(_named(one.reason))
    for one in calibration.usable:
        if one.facts.accelerator is None:
            asked |= {"gpu"} if one.facts.gpu is None else set()
            asked |= {"gpu_count"} if one.facts.gpu_count is None else set()
        asked |= {"model"} if one.facts.model is None else set()
    return [name for name in ("gpu", "gpu_count", "batch_size", "samples_per_epoch", "model") if name in asked]


def _named(question: str) -> list[str]:
    return [part.partition("}")[0] for part in question.split("{")[1:]]


def _checked(one: Judged) -> Judged:
    """The run, refused if its rate needs more operations than its GPUs have at their peak."""
    facts = one.facts
    gpu = load_gpus().get(facts.gpu or "")
    if one.verdict is Verdict.REFUSED or gpu is None or facts.gpu_count is None or facts.model is None:
        return one
    flops = _training_flops(facts, one.unit)
    if flops is None:
        return one
    reached, peak = flops * one.rate / facts.gpu_count / 1e12, peak_tflops_at_most(gpu)
    if peak and reached > peak:
        reason = (
            f"{one.rate:,.4g} {one.unit}s/s of {facts.model} would be {reached:,.0f} TFLOP/s a GPU, and {gpu.name} reaches at most {peak:,.0f}: "
            "check GPU, count, batch and unit"
        )
        return replace(one, verdict=Verdict.REFUSED, reason=reason, questions=())
    return one


def peak_tflops_at_most(gpu: Gpu) -> float:
    """The highest dense rate of the GPU in any number format that training uses."""
    rates = (
        gpu.fp16_tensor_tflops,
        gpu.bf16_tensor_tflops,
        gpu.fp8_tensor_tflops,
        gpu.tf32_tensor_tflops,
        gpu.fp32_tflops,
    )
    return max((rate for rate in rates if rate is not None), default=0.0)


def _training_flops(facts: Facts, unit: str) -> float | None:
    """Least operations of training on one sample or token of a listed model; `None` where it is not known."""
    from planner.language.listed import find_language_model  # noqa: PLC0415 - only where a model is named

    shape = find_language_model(str(facts.model))
    if shape is not None:
        # adapters need no gradients of the frozen matrices: two passes at least
        per_token = 2 * 2.0 * shape.active_parameters
        return per_token if unit == "token" else None
    listed = known_model(str(facts.model))
    if listed is None or listed.forward_gmacs_per_sample is None or unit not in ("sample", "image", listed.sample_unit):
        return None
    if listed.task.startswith("language"):
        return None
    flops = 2e9 * listed.forward_gmacs_per_sample * BACKWARD
    # the size of the images is not in the log: at a quarter of the usual side it takes a sixteenth
    return flops / 16 if math.isfinite(flops) else None


def _without_refused_twins(runs: Sequence[Judged]) -> list[Judged]:
    """The runs, without refused logs that lie beside usable ones in one folder and only say that they have no clock."""
    if not any(one.verdict is not Verdict.REFUSED for one in runs):
        return list(runs)
    return [one for one in runs if one.verdict is not Verdict.REFUSED or one.run.intervals or one.run.total]
