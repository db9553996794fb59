"""Predicts left-out cells, GPUs, and all but one cell of a model, from the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from planner.accuracy.learning import transfer
from planner.accuracy.learning.evidence import Point
from planner.accuracy.learning.implementations import implementations
from planner.accuracy.learning.left_out import (
    Evidence,
    LeftOut,
    grouped,
    is_judged_row,
    newest_judged,
    point_error,
    row_error,
)
from planner.accuracy.learning.response import response_posterior
from planner.model.records import Benchmark
from planner.throughput.scripts import newest_row


def versions_left_out(evidence: Evidence) -> list[LeftOut]:
    """A measured cell of one GPU predicted by the same cell under another software version of the same generation."""
    cells: dict[tuple[str, str, str], list[Benchmark]] = {}
    for row in evidence.rows:
        if is_judged_row(row) and row.gpu_count == 1:
            cells.setdefault((row.model, row.gpu, row.precision), []).append(row)
    found = []
    for (model, gpu, precision), rows in cells.items():
        versions = {row.software: row for row in sorted(rows, key=lambda row: row.machines)}
        for software, row in versions.items():
            other = newest_row([one for one in rows if one.software != software])
            if other is not None:
                error = math.log(other.samples_per_second / row.samples_per_second)
                found.append(
                    row_error("measured", evidence, row, error, deviation=1.0, group=f"{model}|{gpu}|{precision}")
                )
    return found


def single_gpu_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Single cells, pairs of model and GPU, and whole GPUs, each predicted from everything else."""
    points = evidence.points
    judged = newest_judged(points)
    splits: dict[str, Callable[[Point], Hashable]] = {
        "cell": lambda point: point.cell,
        "pair": lambda point: (point.model, point.gpu),
        "gpu": lambda point: point.gpu,
    }
    found: list[LeftOut] = []
    for fold in variances["gpu_folds"]:
        fitted = transfer.posterior(points, evidence.gpus, fold["variances"])
        for split, key in splits.items():
            for name, group in grouped(points, key):
                if points[group[0]].gpu in fold["without"]:
                    found += _predicted(split, fitted, group, judged=judged, name=str(name))
    return sorted(found, key=lambda one: tuple(splits).index(one.split))


def carried_left_out(evidence: Evidence) -> list[LeftOut]:
    """A model of which one cell is known: all its other cells predicted from that one and from other models.

    The cell that stays is on the RTX 3090 if the model was measured there, else on the GPU with most of its rows. Cells of
    the same number format are split `carried`, those of another `carried_format`.
    """
    fitted = response_posterior(implementations(evidence), evidence.gpus)
    points = fitted.points
    judged = newest_judged(points, every_source=True)
    found = []
    for model, group in grouped(points, lambda point: point.model):
        for script in dict.fromkeys(point.script for point in evidence.points if point.model == model):
            mine = [i for i in group if points[i].script == script]
            stays = _stays(points, mine)
            left = [i for i in group if i != stays]
            wanted = {i for i in mine if i in judged and points[i].cell != points[stays].cell}
            same = {i for i in wanted if points[i].width == points[stays].width}
            found += _predicted("carried", fitted, left, judged=same, name=str(model))
            found += _predicted("carried_format", fitted, left, judged=wanted - same, name=str(model))
    return sorted(found, key=lambda one: one.split)


def staying_point(points: Sequence[Point], script: str) -> Point:
    """The point of a script that stays when the rest of its model is left out."""
    return points[_stays(points, [i for i, point in enumerate(points) if point.script == script])]


def _predicted(
    split: str,
    fitted: transfer.Posterior,
    group: Sequence[int],
    *,
    judged: Iterable[int],
    name: str,
) -> list[LeftOut]:
    mine = set(judged)
    if not mine.intersection(group):
        return []
    mean, deviation = fitted.left_out(group)
    found = []
    for position, i in enumerate(group):
        if i in mine:
            found.append(point_error(split, fitted.points[i], float(mean[position]), float(deviation[position]), name))
    return found


def _stays(points: Sequence[Point], group: Sequence[int]) -> int:
    count: dict[str, int] = {}
    for i in group:
        count[points[i].gpu] = count.get(points[i].gpu, 0) + 1
    return max(
        group,
        key=lambda i: (
            points[i].gpu == "rtx-3090",
            count[points[i].gpu],
            points[i].width == "16",
            points[i].is_new,
            -i,
        ),
    )
