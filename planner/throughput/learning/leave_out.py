"""Predictions of rows that were left out, split by split: what the ranges are calibrated on and what `validate` reports.

Nothing that stems from a left-out row is used to predict it: repeats, software versions, batch sizes and counts of a cell
leave together, and the variances are those learnt without its GPU (or without its model).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.model import Benchmark, Gpu, Model, Precision
from planner.throughput.arithmetic import REFERENCE_GPU, level_of
from planner.throughput.jobs import choose_job, is_new_generation, job_of, newest_row, origin_of
from planner.throughput.learning import level, scaling, transfer
from planner.throughput.learning.evidence import Point, single_gpu_points
from planner.throughput.learning.level import Network
from planner.throughput.learning.scaling import Scaled
from planner.throughput.precision import width_of
from planner.throughput.scaling import EFFICIENCY_BOUNDS, log_efficiency
from planner.throughput.tasks import class_of

LAMBDA = "lambdal/deeplearning-benchmark"
NOT_JUDGED = ("ncf",)  # its epochs are over before the clock settles
SAME_BATCH = 1.35  # multi-node rows with batches further apart than this are not compared


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One left-out figure: what was measured, what the others predict, and the standard deviation claimed.

    `log_low` and `log_high` are the ends of one standard deviation, where these are not symmetric (scaling).
    """

    split: str
    model: str
    job: str
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
        """Size of the error in units of what was claimed."""
        return abs(self.log_error if self.eta_error is None else self.eta_error) / self.deviation


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is learnt from, read once."""

    rows: Sequence[Benchmark]
    gpus: Mapping[str, Gpu]
    models: Mapping[str, Model]
    points: Sequence[Point]
    scaled: Sequence[Scaled]
    networks: Sequence[Network]


def gather(rows: Sequence[Benchmark], gpus: Mapping[str, Gpu], models: Mapping[str, Model]) -> Evidence:
    """The rows in the shapes that the fits need."""
    return Evidence(
        rows=rows,
        gpus=gpus,
        models=models,
        points=single_gpu_points(rows, gpus, models),
        scaled=scaling.scaled_points(rows, gpus, models),
        networks=level.networks(rows, models),
    )


def all_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every split, in the order of the report."""
    return [
        *versions_left_out(evidence),
        *single_gpu_left_out(evidence, variances["transfer"]),
        *carried_left_out(evidence, variances["transfer"]),
        *levels_left_out(evidence, variances["level"]),
        *filled_levels_left_out(evidence, variances["level"]),
        *arithmetic_left_out(evidence, variances["transfer"]),
        *frameworks_left_out(evidence),
        *counts_left_out(evidence, variances["scaling"]),
        *nodes_left_out(evidence),
    ]


def versions_left_out(evidence: Evidence) -> list[LeftOut]:
    """A measured cell of one GPU predicted by the same cell under another software version of the same generation."""
    cells: dict[tuple[str, str, str], list[Benchmark]] = {}
    for row in evidence.rows:
        if _is_judged_row(row) and row.gpu_count == 1:
            cells.setdefault((row.model, row.gpu, row.precision), []).append(row)
    found = []
    for (model, gpu, precision), rows in cells.items():
        versions = {row.software: row for row in sorted(rows, key=lambda row: row.machines)}
        for software, row in versions.items():
            other = newest_row([one for one in rows if one.software != software])
            if other is not None:
                error = math.log(other.samples_per_second / row.samples_per_second)
                found.append(
                    _left_out("measured", evidence, row, error, deviation=1.0, group=f"{model}|{gpu}|{precision}")
                )
    return found


def single_gpu_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Single cells, pairs of model and GPU, and whole GPUs, each predicted from everything else."""
    points = evidence.points
    judged = _newest_judged(points)
    splits: dict[str, Callable[[Point], Hashable]] = {
        "cell": lambda point: point.cell,
        "pair": lambda point: (point.model, point.gpu),
        "gpu": lambda point: point.gpu,
    }
    found: list[LeftOut] = []
    for fold in variances["gpu_folds"]:
        fitted = transfer.posterior(points, evidence.gpus, fold["variances"])
        for split, key in splits.items():
            for name, group in _groups(points, key):
                if points[group[0]].gpu in fold["without"]:
                    found += _predicted(split, evidence, fitted, group, judged=judged, name=str(name))
    return sorted(found, key=lambda one: tuple(splits).index(one.split))


def carried_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """A model of which one cell is known: all its other cells predicted from that one and from other models.

    The cell that stays is on the RTX 3090 if the model was measured there, else on the GPU with most of its rows. Cells of
    the same number format are split `carried`, those of another `carried_format`.
    """
    points = evidence.points
    judged = _newest_judged(points, every_source=True)
    found = []
    for fold in variances["model_folds"]:
        fitted = transfer.posterior(points, evidence.gpus, fold["variances"])
        for model, group in _groups(points, lambda point: point.model):
            if model in fold["without"]:
                for job in {points[i].job for i in group}:
                    mine = [i for i in group if points[i].job == job]
                    stays = _stays(points, mine)
                    left = [i for i in group if i != stays]
                    wanted = {i for i in mine if i in judged and points[i].cell != points[stays].cell}
                    same = {i for i in wanted if points[i].width == points[stays].width}
                    found += _predicted("carried", evidence, fitted, left, judged=same, name=str(model))
                    found += _predicted("carried_format", evidence, fitted, left, judged=wanted - same, name=str(model))
    return sorted(found, key=lambda one: one.split)


def levels_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every network on the RTX 3090 predicted from its arithmetic; networks of the same figures leave together."""
    found = []
    networks = evidence.networks
    rows = {row.model: row for row in evidence.rows if row.framework == "pytorch-timm" and level.LAYOUT in row.software}
    groups = dict(_groups(networks, _figures_of))
    for number, fold in enumerate(variances["folds"]):
        mine = [group for index, group in enumerate(groups.values()) if index % len(variances["folds"]) == number]
        predicted, deviation = level.left_out_levels(networks, fold, mine)
        for group in mine:
            for i in group:
                row, error = rows[networks[i].model], float(predicted[i] - networks[i].log_rate)
                found.append(
                    _left_out(
                        "model",
                        evidence,
                        row,
                        error,
                        deviation=float(deviation[i]),
                        group=str(_figures_of(networks[i])),
                    )
                )
    return found


def filled_levels_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every network on the RTX 3090 predicted without its activations, from the other half of the networks."""
    networks = evidence.networks
    rows = {row.model: row for row in evidence.rows if row.framework == "pytorch-timm" and level.LAYOUT in row.software}
    groups = [group for _, group in _groups(networks, _figures_of)]
    found = []
    for number, fold in enumerate(variances["folds"]):
        mine = {i for index, group in enumerate(groups) if index % 2 == number for i in group}
        fit = level.level_fit([network for i, network in enumerate(networks) if i not in mine], fold)
        for i in sorted(mine):
            network = networks[i]
            known = level_of(replace(evidence.models[network.model], activations_millions=None), fit=fit)
            error = known.log_rate - network.log_rate
            group = str(_figures_of(network))
            found.append(
                _left_out("model_filled", evidence, rows[network.model], error, deviation=known.deviation, group=group)
            )
    return found


def _figures_of(network: Network) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in network.figures)


def arithmetic_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Models outside timm predicted on every GPU from their arithmetic alone: the level on the RTX 3090, then carried.

    None of their rows is used; the level was learnt from timm's image networks, so language models test it hardest.
    """
    points = evidence.points
    judged = _newest_judged(points, every_source=True)
    in_timm = {network.model for network in evidence.networks}
    found = []
    for fold in variances["model_folds"]:
        for name in fold["without"]:
            model = evidence.models[name]
            if name in in_timm or model.forward_gmacs_per_sample is None:
                continue
            known = level_of(model)
            pseudo = Point(
                model=name,
                job=name,
                task_class=class_of(model),
                gpu=REFERENCE_GPU,
                precision=Precision.AMP,
                software="",
                is_new=True,
                log_rate=known.log_rate,
            )
            kept = [pseudo, *(point for point in points if point.model != name)]
            fitted = transfer.posterior(kept, evidence.gpus, fold["variances"], {0: known.deviation**2})
            mine = [points[i] for i in sorted(judged) if points[i].model == name and _at_own_size(points[i], model)]
            if not mine:
                continue
            mean, covariance = fitted.predict([replace(point, job=name, software="") for point in mine])
            for position, point in enumerate(mine):
                variance = float(covariance[position, position]) + fold["variances"]["noise"]
                found.append(_point_error("model_any_gpu", point, float(mean[position]), math.sqrt(variance), name))
    return found


def frameworks_left_out(evidence: Evidence) -> list[LeftOut]:
    """A (model, framework) pair predicted by the same model in another framework on the same GPU, count and number format."""
    found = []
    by_model: dict[str, list[Benchmark]] = {}
    for row in evidence.rows:
        if row.gpu_count <= 8 and row.framework != "pytorch-timm" and row.model not in NOT_JUDGED:
            by_model.setdefault(row.model, []).append(row)
    for model, rows in by_model.items():
        for framework in sorted({row.framework for row in rows}):
            others = [row for row in rows if row.framework != framework]
            places: dict[tuple[Any, ...], list[Benchmark]] = {}
            for row in rows:
                if row.framework == framework:
                    places.setdefault((row.gpu, row.gpu_count, width_of(row.precision), row.input_size), []).append(row)
            for place, mine in places.items():
                same = [
                    row for row in others if (row.gpu, row.gpu_count, width_of(row.precision), row.input_size) == place
                ]
                job = choose_job(same, None, None)
                wanted = newest_row(mine)
                other = newest_row([one for one in same if job_of(one) == job])
                if wanted is not None and other is not None:
                    error = math.log(other.samples_per_second / wanted.samples_per_second)
                    found.append(
                        _left_out("framework", evidence, wanted, error, deviation=1.0, group=f"{model}|{framework}")
                    )
    return found


def counts_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Rows of several GPUs predicted from the single GPU and from how everything else scales.

    `counts_pair`: all counts of a model on a GPU leave together, in every number format and software; `counts`: those
    of one number format; `counts_gpu`: all counts of all models on that GPU.
    """
    points = evidence.scaled
    splits: dict[str, Callable[[Scaled], Hashable]] = {
        "counts_pair": lambda point: (point.model, point.gpu),
        "counts": lambda point: (point.model, point.gpu, width_of(point.precision)),
        "counts_gpu": lambda point: point.gpu,
    }
    found = []
    for fold in variances["gpu_folds"]:
        fitted = scaling.scaling_posterior(points, evidence.gpus, fold["variances"])
        for split, key in splits.items():
            for name, group in _groups(points, key):
                if points[group[0]].gpu in fold["without"]:
                    eta, deviation = fitted.left_out(group)
                    for position, i in enumerate(group):
                        point = points[i]
                        if point.origin == LAMBDA and point.model not in NOT_JUDGED and point.row is not None:
                            found.append(
                                _scaling_error(
                                    split,
                                    evidence,
                                    point,
                                    eta=float(eta[position]),
                                    deviation=float(deviation[position]),
                                    group=str(name),
                                )
                            )
    return sorted(found, key=lambda one: tuple(splits).index(one.split))


def nodes_left_out(evidence: Evidence) -> list[LeftOut]:
    """Rows of several machines predicted from one machine of eight GPUs by the usual loss per doubling alone.

    The sources do not state the network of each row; all are clusters with 400 Gbit/s a machine or more.
    """
    pairs = node_pairs(evidence.rows)
    found = []
    for row, base in pairs:
        others = [loss_per_doubling(*pair) for pair in pairs if job_of(pair[0]) != job_of(row)]
        loss = float(np.median(others))
        efficiency = 1.0 / (1.0 + loss * math.log2(row.gpu_count / base.gpu_count))
        predicted = base.samples_per_second * row.gpu_count / base.gpu_count * efficiency
        error = math.log(predicted / row.samples_per_second)
        found.append(
            _left_out(
                "nodes",
                evidence,
                row,
                error,
                deviation=math.log2(row.gpu_count / base.gpu_count) ** 0.5,
                group=job_of(row),
            )
        )
    return found


def node_pairs(rows: Iterable[Benchmark]) -> list[tuple[Benchmark, Benchmark]]:
    """Every row of several machines with the row of one machine of eight GPUs in the same setting."""
    bases: dict[tuple[Any, ...], Benchmark] = {}
    wide = []
    for row in rows:
        key = (job_of(row), row.software, row.gpu, row.precision)
        if row.gpu_count == 8 and row.batch_size_per_gpu:
            bases[(*key, row.batch_size_per_gpu)] = row
        elif row.gpu_count > 8 and origin_of(row) != LAMBDA and row.batch_size_per_gpu:
            wide.append((key, row))
    found = []
    for key, row in wide:
        size = row.batch_size_per_gpu or 1
        near = [
            base
            for base_key, base in bases.items()
            if base_key[:4] == key and 1 / SAME_BATCH < base_key[4] / size < SAME_BATCH
        ]
        if near:
            found.append((row, min(near, key=lambda base: abs((base.batch_size_per_gpu or 1) - size))))
    return found


def loss_per_doubling(row: Benchmark, base: Benchmark) -> float:
    """Time that each doubling of the machines adds to a step, as a share of it."""
    efficiency = row.samples_per_second / row.gpu_count / (base.samples_per_second / base.gpu_count)
    return (1.0 / efficiency - 1.0) / math.log2(row.gpu_count / base.gpu_count)


def quantile(scores: Sequence[float], share: float = 0.9) -> float:
    """The conformal quantile: the ceil((n + 1) x share)-th smallest score.

    >>> quantile([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    9.0
    """
    ordered = sorted(scores)
    return ordered[min(math.ceil((len(ordered) + 1) * share), len(ordered)) - 1]


def _predicted(
    split: str,
    evidence: Evidence,
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
            found.append(
                _point_error(split, evidence.points[i], float(mean[position]), float(deviation[position]), name)
            )
    return found


def _point_error(split: str, point: Point, log_rate: float, deviation: float, group: str) -> LeftOut:
    return LeftOut(
        split=split,
        model=point.model,
        job=point.job,
        gpu=point.gpu,
        gpu_count=1,
        width=point.width,
        task_class=point.task_class,
        measured=math.exp(point.log_rate),
        log_error=log_rate - point.log_rate,
        deviation=deviation,
        group=group,
    )


def _at_own_size(point: Point, model: Model) -> bool:
    size = point.job.split("|")[3]
    return not size or model.input_size is None or int(size) == model.input_size


def _scaling_error(
    split: str, evidence: Evidence, point: Scaled, *, eta: float, deviation: float, group: str
) -> LeftOut:
    row, single = point.row, point.single
    if row is None or single is None:
        raise ValueError(f"{point.job} on {point.gpu_count} x {point.gpu} was never measured")
    held = min(max(point.efficiency, EFFICIENCY_BOUNDS[0]), EFFICIENCY_BOUNDS[1])
    measured_eta = math.log(1.0 / held - 1.0)
    error = log_efficiency(eta) - math.log(point.efficiency)
    left_out = _left_out(split, evidence, row, error, deviation=deviation, group=group)
    # within the noise of the measurement an efficiency near 1 is right whatever eta is
    is_noise = abs(error) <= scaling.EFFICIENCY_NOISE
    return LeftOut(
        **{
            name: getattr(left_out, name) for name in LeftOut.__slots__ if name not in ("eta_error", "single", "is_new")
        },
        eta_error=0.0 if is_noise else eta - measured_eta,
        single=single.samples_per_second,
        is_new=is_new_generation(row),
    )


def _left_out(
    split: str, evidence: Evidence, row: Benchmark, log_error: float, *, deviation: float, group: str
) -> LeftOut:
    return LeftOut(
        split=split,
        model=row.model,
        job=job_of(row),
        gpu=row.gpu,
        gpu_count=row.gpu_count,
        width=width_of(row.precision),
        task_class=class_of(evidence.models[row.model]),
        measured=row.samples_per_second,
        log_error=log_error,
        deviation=deviation,
        group=group,
    )


def _newest_judged(points: Sequence[Point], *, every_source: bool = False) -> set[int]:
    """The points that errors are counted on: Lambda's of 2022 and later, of each cell the one that stands for today."""
    best: dict[tuple[str, str, str], int] = {}
    for index, point in enumerate(points):
        is_lambda = point.job.split("|")[2] == LAMBDA
        if (is_lambda or every_source) and point.is_new and point.base_count == 1 and point.model not in NOT_JUDGED:
            key = (point.job, point.gpu, point.width)
            if key not in best or point.software > points[best[key]].software:
                best[key] = index
    return set(best.values())


def _is_judged_row(row: Benchmark) -> bool:
    return origin_of(row) == LAMBDA and is_new_generation(row) and row.model not in NOT_JUDGED


def _groups(items: Sequence[Any], key: Callable[[Any], Hashable]) -> list[tuple[Hashable, list[int]]]:
    found: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        found.setdefault(key(item), []).append(index)
    return list(found.items())


def staying_point(points: Sequence[Point], job: str) -> Point:
    """The point of a job that stays when the rest of its model is left out."""
    return points[_stays(points, [i for i, point in enumerate(points) if point.job == job])]


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
