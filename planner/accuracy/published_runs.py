"""Published training runs: the overhead of whole runs over their steps, and how well left-out runs are predicted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from planner.accuracy.step_time_fit import LeftOutResult
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.language.flops import training_flops_per_token
from planner.language.prediction import predict_language_model
from planner.model.frozen import dataclass
from planner.model.records import Precision, Throughput
from planner.options.language import language_arguments
from planner.options.language_arguments import LanguageArguments
from planner.throughput.precision import peak_tflops
from planner.units import hours
from planner.work.language import plan_language_work

SPLIT = "published runs, publications left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRun:
    """A row of `data/published_runs.csv`; `options` are what is published of the way, the rest is searched."""

    name: str
    publication: str
    model: str
    tokens: float
    gpu: str
    gpu_count: int
    gpu_hours: float
    options: LanguageArguments
    note: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOverhead:
    """GPU-hours of whole runs over those of their steps: middle, least and most of the publications."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    name: str
    publication: str
    model: str
    tokens: float
    gpu: str
    gpu_count: int
    gpu_hours: float
    sequence_length: int | None
    batch_tokens: float
    stack: str
    tensor_parallel: int | None
    pipeline_parallel: int | None
    micro_batch: int | None
    zero_stage: int | None
    recompute: str | None
    note: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foretold:
    run: PublishedRun
    steps: Throughput  # what the fitted stack says of the steps alone
    factor: float  # published hours over those of the steps
    mfu: float  # of the published run


def load_published_runs() -> tuple[PublishedRun, ...]:
    """Every shipped run, in the order of the file."""
    return tuple(_run(row) for row in read_rows("published_runs.csv", _Row))


def shipped_run_overhead() -> RunOverhead:
    """The overhead over all publications; `python -m scripts.fit_step_time` writes it beside the stacks."""
    return run_overhead(_foretold())


def leave_out_publications() -> LeftOutResult:
    """Predicts the hours of each run with the overhead and its range from the other publications.

    The range joins the one of the steps with that of the overhead, as an estimate does. `low` and `high` are the
    extremes of published over foretold hours: there are too few runs for a quantile.
    """
    every = _foretold()
    errors, constant, covered = [], [], 0
    for one in every:
        others = [other for other in every if other.run.publication != one.run.publication]
        overhead = run_overhead(others)
        error = math.log(one.factor / overhead.middle)
        slower = math.hypot(_log(one.steps, "low"), math.log(overhead.high / overhead.middle))
        faster = math.hypot(_log(one.steps, "high"), math.log(overhead.middle / overhead.low))
        errors.append(error)
        covered += -faster <= error <= slower
        constant.append(statistics.median(other.mfu for other in others) / one.mfu - 1)
    size, plain = sorted(abs(math.expm1(error)) for error in errors), sorted(map(abs, constant))
    return LeftOutResult(
        split=SPLIT,
        n=len(every),
        median=statistics.median(size),
        mean=statistics.fmean(size),
        p90=_ninth(size),
        bias=statistics.fmean(math.expm1(error) for error in errors),
        coverage=covered / len(every),
        baseline_median=statistics.median(plain),
        baseline_mean=statistics.fmean(plain),
        baseline_p90=_ninth(plain),
        baseline_bias=statistics.fmean(constant),
        low=math.exp(min(errors)),
        high=math.exp(max(errors)),
    )


def run_overhead(runs: Sequence[_Foretold]) -> RunOverhead:
    """The median of the publications, each of which counts once: runs of one team on one machine are alike.

    The range goes from the least to the greatest publication.
    """
    publications: dict[str, list[float]] = {}
    for one in runs:
        publications.setdefault(one.run.publication, []).append(one.factor)
    factors = sorted(map(statistics.median, publications.values()))
    return RunOverhead(middle=statistics.median(factors), low=factors[0], high=factors[-1])


def _foretold() -> list[_Foretold]:
    return [_foretell(run) for run in load_published_runs()]


def _foretell(run: PublishedRun) -> _Foretold:
    planned = plan_language_work(model=run.model, precision="bf16", options=run.options).workload
    if planned.language is None:
        raise ValueError(f"{run.model} is not a language model")
    steps = replace(planned, language=replace(planned.language, is_whole_run=False))
    found = predict_language_model(steps, [(run.gpu, run.gpu_count)])[run.gpu, run.gpu_count]
    if isinstance(found, NoThroughputError):
        raise found
    peak = peak_tflops(load_gpus()[run.gpu], Precision.BF16) * 1e12
    operations = training_flops_per_token(planned.language.job) * run.tokens
    return _Foretold(
        run=run,
        steps=found,
        factor=run.gpu_hours / (hours(run.tokens / found.samples_per_second) * run.gpu_count),
        mfu=operations / (run.gpu_hours * 3600 * peak),
    )


def _run(row: _Row) -> PublishedRun:
    return PublishedRun(
        name=row.name,
        publication=row.publication,
        model=row.model,
        tokens=row.tokens,
        gpu=row.gpu,
        gpu_count=row.gpu_count,
        gpu_hours=row.gpu_hours,
        options=language_arguments(
            {
                "tokens": row.tokens,
                "batch_tokens": row.batch_tokens,
                "stack": row.stack,
                "recompute": row.recompute,
                "sequence_length": row.sequence_length,
                "tensor_parallel": row.tensor_parallel,
                "pipeline_parallel": row.pipeline_parallel,
                "micro_batch": row.micro_batch,
                "zero_stage": row.zero_stage,
            }
        ),
        note=row.note,
        source=row.source,
        as_of=row.as_of,
    )


def _log(throughput: Throughput, end: str) -> float:
    return abs(math.log(getattr(throughput, end) / throughput.samples_per_second))


def _ninth(ordered: Sequence[float]) -> float:
    """The 90th percentile, between its neighbours."""
    place = 0.9 * (len(ordered) - 1)
    lower = math.floor(place)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (place - lower) * (ordered[upper] - ordered[lower])
