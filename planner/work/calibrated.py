"""What the user's own runs say: calibration files as own measurements of a model, and what their runs lost beside the steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from planner.errors import UsageError, named
from planner.logs.calibration import CalibratedRun, read_calibration
from planner.logs.records import Verdict
from planner.model.records import OwnMeasurement, Precision
from planner.work.listed import Work
from planner.work.own import CONTRADICTION, times_apart

OF_MODELS = ("sample", "image", "sequence")
"""Units that are whatever the model counts."""
TASK_WORDS = {"step": "batch_size", "epoch": "samples_per_epoch"}

_A = TypeVar("_A", bound=Mapping[str, Any])


def with_calibration(asked: _A) -> _A:
    """The arguments with what the calibration files add where nothing else is said: the model, and what a run takes beside its steps.

    Raises:
        UsageError: a file cannot be used, or the files are of several models.
    """
    if not asked["calibration"]:
        return asked
    runs = _runs(asked["calibration"])
    added: dict[str, Any] = {}
    models = sorted({run.model for run in runs if run.model is not None})
    if asked["model"] is None:
        if len(models) != 1:
            which = f"the files are of {', '.join(models)}" if models else "no file says which"
            raise UsageError("Which model? Give {model}: {which}.", argument="model", which=which)
        added["model"] = models[0]
    shares = [run.stall_share for run in runs if run.stall_share is not None]
    if shares and asked.get("overhead_factor") == 1.0:
        added["overhead_factor"] = 1 + math.fsum(shares) / len(shares)
    starts = [run.startup_seconds for run in runs if run.startup_seconds is not None]
    if starts and "loading_seconds" in asked and asked["loading_seconds"] is None:
        added["loading_seconds"] = math.fsum(starts) / len(starts)
    return {**asked, **added}  # type: ignore[return-value]  # the same keys


def with_own_runs(work: Work, paths: Iterable[Path], precision: str) -> Work:
    """The work with the runs of the files as own measurements, in the unit of its model; their batch counts unless one is asked for.

    Raises:
        UsageError: a run lacks its GPU or count, is in a unit that the model does not count, or two contradict each other.
    """
    workload = work.workload
    language = workload.language
    tokens = workload.input_size or workload.model.input_size if language is None else language.job.sequence_length
    found: dict[tuple[str, int, Precision], OwnMeasurement] = {}
    for run in _runs(tuple(paths)):
        one = _measurement(run, precision, workload.model.sample_unit, tokens)
        key = (one.gpu, one.gpu_count, one.precision)
        found[key] = _together(found[key], one) if key in found else one
    batches = {one.batch_size for one in found.values()}
    batch = batches.pop() if len(batches) == 1 else None
    if workload.batch_size is None and batch is not None and language is None:
        workload = replace(workload, batch_size=round(batch))
    return replace(work, workload=replace(workload, measured=(*workload.measured, *found.values())))


def runs_of(paths: Iterable[Path]) -> tuple[CalibratedRun, ...]:
    """Every run of the calibration files, in their order."""
    return _runs(tuple(paths))


def card_watts_of(paths: Iterable[Path], gpus: Iterable[str]) -> float | None:
    """What one of these GPUs drew in the user's own runs, in watts; `None` unless all of them are of one kind that was measured."""
    wanted = set(gpus)
    drawn = [run.watts / run.gpu_count for run in runs_of(paths) if run.watts and run.gpu_count and {run.gpu} == wanted]
    return math.fsum(drawn) / len(drawn) if drawn else None


def _runs(paths: tuple[Path, ...]) -> tuple[CalibratedRun, ...]:
    # a recommendation asks for the same files many times
    return tuple(run for path in paths for run in _read(path, path.stat().st_mtime_ns if path.is_file() else 0))


@lru_cache(maxsize=64)
def _read(path: Path, _changed_at: int) -> tuple[CalibratedRun, ...]:
    return read_calibration(path)


def _measurement(run: CalibratedRun, precision: str, unit: str, sample_tokens: int | None) -> OwnMeasurement:
    missing = [name for name, value in (("gpu", run.gpu), ("gpu_count", run.gpu_count)) if value is None]
    missing += [TASK_WORDS[run.sample_unit]] if run.sample_unit in TASK_WORDS else []
    if missing or run.gpu is None or run.gpu_count is None:
        raise UsageError(
            "{calibration}: the run {source} does not say its {what}. Learn it again with planner calibrate and {option}",
            argument="calibration",
            source=run.source or "of the file",
            what=missing[0].replace("_", " "),
            option=named(missing[0]),
        )
    factor = _factor(run, unit, sample_tokens)
    return OwnMeasurement(
        gpu=run.gpu,
        gpu_count=run.gpu_count * (run.node_count or 1),
        precision=Precision(run.precision or (precision if precision in map(str, Precision) else Precision.AMP)),
        samples_per_second=run.samples_per_second * factor,
        low=run.low * factor,
        high=run.high * factor,
        batch_size=run.batch_size,
        memory_gib=run.memory_gib,
        watts=run.watts,
        is_average=run.verdict is Verdict.AVERAGE,
    )


def _factor(run: CalibratedRun, unit: str, sample_tokens: int | None) -> float:
    """What one unit of the run is in units of the model."""
    if run.sample_unit == unit or (run.sample_unit in OF_MODELS and unit in OF_MODELS):
        return 1.0
    if sample_tokens and (run.sample_unit, unit) == ("token", "sequence"):
        return 1 / sample_tokens
    if sample_tokens and unit == "token" and run.sample_unit in ("sample", "sequence"):
        return float(sample_tokens)
    raise UsageError(
        "{calibration}: the run is in {given}s a second and the model counts {unit}s.",
        argument="calibration",
        given=run.sample_unit,
        unit=unit,
    )


def _together(one: OwnMeasurement, other: OwnMeasurement) -> OwnMeasurement:
    """Two runs of one setting as one: a steady one before an average, else the mean with the range of both.

    Raises:
        UsageError: they contradict each other.
    """
    if one.is_average != other.is_average:
        return other if one.is_average else one
    if times_apart(one, other) > CONTRADICTION:
        raise UsageError(
            "{calibration}: two runs on {count} x {gpu} contradict each other, {first:,.4g} and {second:,.4g} a second. "
            "Keep one of them: planner calibrate with the number of its run",
            argument="calibration",
            count=one.gpu_count,
            gpu=one.gpu,
            first=one.samples_per_second,
            second=other.samples_per_second,
        )
    return replace(
        one,
        samples_per_second=(one.samples_per_second * other.samples_per_second) ** 0.5,
        low=min(one.low or one.samples_per_second, other.low or other.samples_per_second),
        high=max(one.high or one.samples_per_second, other.high or other.samples_per_second),
        batch_size=one.batch_size if one.batch_size == other.batch_size else None,
    )
