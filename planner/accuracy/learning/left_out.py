"""Left-out figures, and the rows that everything is learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.accuracy.learning import level, scaling
from planner.accuracy.learning.evidence import Point, single_gpu_points
from planner.accuracy.learning.level import Network
from planner.accuracy.learning.scaling import Scaled
from planner.model.records import Benchmark, Gpu, Model
from planner.throughput.precision import width_of
from planner.throughput.scripts import is_new_generation, origin_of, script_of
from planner.throughput.tasks import class_of

LAMBDA = "lambdal/deeplearning-benchmark"
NOT_JUDGED = ("ncf",)  # its epochs are over before the clock settles


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One left-out figure: what was measured, what the others predict, and the standard deviation claimed.

    `log_low` and `log_high` are the ends of one standard deviation, where these are not symmetric (scaling).
    """

    split: str
    model: str
    script: str
    gpu: str
    gpu_count: int
    width: str
    task_class: str
    measured: float
    log_error: float  # ln(predicted / measured)
    deviation: float
    group: str  # what left together
    eta_error: float | None = None  # of scaling, where the range is symmetric in eta
    single: float | None = None  # rate of one GPU, where several were predicted
    is_new: bool = True

    @property
    def score(self) -> float:
        """Size of the error, divided by the standard deviation claimed."""
        return abs(self.log_error if self.eta_error is None else self.eta_error) / self.deviation


@dataclass(frozen=True, slots=True)
class Evidence:
    """All rows that are learnt from, read once."""

    rows: Sequence[Benchmark]
    gpus: Mapping[str, Gpu]
    models: Mapping[str, Model]
    points: Sequence[Point]
    scaled: Sequence[Scaled]
    networks: Sequence[Network]


def gather(rows: Sequence[Benchmark], gpus: Mapping[str, Gpu], models: Mapping[str, Model]) -> Evidence:
    """Gathers the rows in the shapes that learning needs."""
    return Evidence(
        rows=rows,
        gpus=gpus,
        models=models,
        points=single_gpu_points(rows, gpus, models),
        scaled=scaling.scaled_points(rows, gpus, models),
        networks=level.networks(rows, models),
    )


def quantile(scores: Sequence[float], share: float = 0.9) -> float:
    """The conformal quantile: the ceil((n + 1) x share)-th smallest score.

    >>> quantile([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    9.0
    """
    ordered = sorted(scores)
    return ordered[min(math.ceil((len(ordered) + 1) * share), len(ordered)) - 1]


def grouped(items: Sequence[Any], key: Callable[[Any], Hashable]) -> list[tuple[Hashable, list[int]]]:
    """Indices of the items by their key, keys in the order of their first item."""
    found: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        found.setdefault(key(item), []).append(index)
    return list(found.items())


def row_error(
    split: str, evidence: Evidence, row: Benchmark, log_error: float, *, deviation: float, group: str
) -> LeftOut:
    """A left-out row with its error."""
    return LeftOut(
        split=split,
        model=row.model,
        script=script_of(row),
        gpu=row.gpu,
        gpu_count=row.gpu_count,
        width=width_of(row.precision),
        task_class=class_of(evidence.models[row.model]),
        measured=row.samples_per_second,
        log_error=log_error,
        deviation=deviation,
        group=group,
    )


def point_error(split: str, point: Point, log_rate: float, deviation: float, group: str) -> LeftOut:
    """A left-out point with its error."""
    return LeftOut(
        split=split,
        model=point.model,
        script=point.script,
        gpu=point.gpu,
        gpu_count=1,
        width=point.width,
        task_class=point.task_class,
        measured=math.exp(point.log_rate),
        log_error=log_rate - point.log_rate,
        deviation=deviation,
        group=group,
    )


def newest_judged(points: Sequence[Point], *, every_source: bool = False) -> set[int]:
    """The points that errors are counted on: Lambda's of 2022 and later, of each cell the one that stands for today."""
    best: dict[tuple[str, str, str], int] = {}
    for index, point in enumerate(points):
        is_lambda = point.script.split("|")[2] == LAMBDA
        if (is_lambda or every_source) and point.is_new and point.base_count == 1 and point.model not in NOT_JUDGED:
            key = (point.script, point.gpu, point.width)
            if key not in best or point.software > points[best[key]].software:
                best[key] = index
    return set(best.values())


def is_judged_row(row: Benchmark) -> bool:
    """Whether errors are counted on the row: one of Lambda's of 2022 and later."""
    return origin_of(row) == LAMBDA and is_new_generation(row) and row.model not in NOT_JUDGED
