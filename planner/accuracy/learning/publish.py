"""The files that planning reads, made from the fits: scripts.jsonl, carry.jsonl, arithmetic.json and fit.json."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from planner.accuracy.learning import scaling, transfer
from planner.accuracy.learning.evidence import Point
from planner.accuracy.learning.leave_out_counts import loss_per_doubling, node_pairs
from planner.accuracy.learning.left_out import Evidence, LeftOut, quantile
from planner.accuracy.learning.scaling import Scaled
from planner.accuracy.learning.transfer import Posterior
from planner.errors import NoThroughputError
from planner.model.records import Benchmark, Gpu, Precision
from planner.throughput.adjustments import usual_batch
from planner.throughput.precision import WIDTHS, refuse_missing_precision, width_of
from planner.throughput.scaling import COUNTS, log_traffic
from planner.throughput.scripts import newest_row, origin_of, script_of

Matrix = Any

NEW_MODEL = "?"
CLASSES = ("images", "detection", "segmentation", "encoders", "seq2seq", "speech", "recommenders", "other")
SPLIT_OF_KIND = {
    "cell": "cell",
    "gpu": "pair",
    "new_gpu": "gpu",
    "carried": "carried",
    "carried_format": "carried_format",
    "modelled": "model",
    "modelled_filled": "model_filled",
    "scaling": "counts_pair",
    "framework": "framework",
}
"""Each kind of range and the split whose left-out errors it is calibrated on."""
FEWEST_MACHINES = 5
FULL_BATCH = 0.75  # of the largest: closer batches say more of noise than of the batch
USUAL_SECONDS_PER_STEP = 0.25  # stands in where batch or unit leave the time of a step unknown
FACTORS = 12  # keep 97 % of the variance between GPUs; the rest is published as each place's own
FEWEST_GPUS = 5  # a script measured on fewer is carried from its own few rows when planning
Newest = Callable[[str, str], str]
"""Newest software by origin and GPU."""
DIGITS = 3  # of natural logarithms: 0.1 %


def script_lines(posterior: Posterior, scaled: scaling.ScalingPosterior, evidence: Evidence) -> list[dict[str, Any]]:
    """One record per script: mean and standard deviation of the log rate of one GPU, and of eta, over all GPUs.

    Lists follow the order of `data/gpus.csv`; `None` where the GPU lacks the number format.
    """
    scripts = sorted({point.script for point in posterior.points})
    lines = [script_line(script, posterior, scaled, evidence) for script in scripts]
    return [line for line in lines if line is not None]


def script_line(
    script: str,
    posterior: Posterior,
    scaled: scaling.ScalingPosterior,
    evidence: Evidence,
    only: Collection[str] | None = None,
) -> dict[str, Any] | None:
    """The record of one script; `None` where it was measured on too few GPUs, and planning carries it itself.

    `only` names the GPUs that are wanted, where not all are: the others stand as `None`.
    """
    if not has_line(script, posterior.points):
        return None
    points = [point for point in posterior.points if point.script == script]
    gpus = {name: gpu for name, gpu in posterior.gpus.items() if only is None or name in only}
    newest = functools.cache(lambda origin, gpu: _software(origin, gpu, evidence.rows))
    line: dict[str, Any] = {"script": script}
    line["software"] = [newest(script.split("|")[2], name) if name in gpus else "" for name in posterior.gpus]
    line |= {"mean": {}, "deviation": {}}
    for width, precision in WIDTHS.items():
        wanted = wanted_points(points[-1], gpus, precision, newest)
        mean, deviation = _means(posterior, wanted) if wanted else ([], [])
        by_gpu = {point.gpu: index for index, point in enumerate(wanted)}
        line["mean"][width] = [_rounded(mean, by_gpu.get(name)) for name in posterior.gpus]
        line["deviation"][width] = [_rounded(deviation, by_gpu.get(name)) for name in posterior.gpus]
    rates = {name: rate for name, rate in zip(posterior.gpus, line["mean"]["16"], strict=True) if name in gpus}
    line["eta"], line["eta_deviation"] = _eta(rates, points[-1], scaled, evidence, newest)
    return line


def has_line(script: str, points: Iterable[Point]) -> bool:
    """Whether a script was measured on so many GPUs that it has a record of its own."""
    return len({point.gpu for point in points if point.script == script and point.base_count == 1}) >= FEWEST_GPUS


def wanted_points(like: Point, gpus: Mapping[str, Gpu], precision: Precision, newest: Newest) -> list[Point]:
    """A point like this one for every GPU that has the number format, under the newest software known there."""
    return [
        replace(like, gpu=name, precision=precision, software=newest(like.script.split("|")[2], name), is_new=True)
        for name, gpu in gpus.items()
        if _has(gpu, precision)
    ]


def carry_lines(posterior: Posterior) -> list[dict[str, Any]]:
    """One record per task class: how a model that nothing is known of but its class responds to each GPU."""
    return [carry_line(name, posterior) for name in CLASSES]


def carry_line(name: str, posterior: Posterior, only: Collection[str] | None = None) -> dict[str, Any]:
    """The record of one task class, on all GPUs or on those named.

    `mean` is a log rate up to a constant; the covariance between two places (GPU and width) is the product of their
    factors, plus `own` where they are the same place. The constant itself, the level of the model, is left free.
    """
    blank = Point(
        model=NEW_MODEL, script=NEW_MODEL, task_class=name, gpu="", precision=Precision.AMP, software="", is_new=True
    )
    wanted = [
        replace(blank, gpu=gpu.name, precision=precision)
        for precision in WIDTHS.values()
        for gpu in posterior.gpus.values()
        if _has(gpu, precision) and (only is None or gpu.name in only)
    ]
    mean, covariance = posterior.predict(wanted)
    factors, own = _factors(covariance)
    return {
        "class": name,
        "noise": posterior.variances["noise"],
        "places": [f"{point.gpu}|{width_of(point.precision)}" for point in wanted],
        "mean": [round(float(value - mean.mean()), DIGITS) for value in mean],
        "factors": [[round(float(value), DIGITS) for value in row] for row in factors],
        "own": [round(float(value), 5) for value in own],
    }


def new_model_scaling(scaled: scaling.ScalingPosterior, only: Collection[str] | None = None) -> dict[str, Any]:
    """Eta of a model without rows of several GPUs, by GPU and count, with standard deviations.

    At the central gradient traffic, at e times that (`_plus`), and where the traffic is not known (`_unknown`). `only`
    names the GPUs that are wanted, where not all are: the others stand as `None`.
    """
    names = [name for name in scaled.gpus if only is None or name in only]
    found: dict[str, Any] = {}
    for traffic, suffix in ((scaling.TRAFFIC_CENTRE, ""), (scaling.TRAFFIC_CENTRE + 1.0, "_plus"), (None, "_unknown")):
        wanted = [_new_scaled(name, count, traffic) for count in COUNTS for name in names]
        mean, deviation = scaled.predict(wanted)
        for key, values in ((f"eta{suffix}", mean), (f"deviation{suffix}", deviation)):
            found[key] = _by_count(values, names, scaled.gpus, DIGITS)
    return found


def _by_count(values: Matrix, names: Sequence[str], gpus: Iterable[str], digits: int) -> dict[str, list[float | None]]:
    # values are sorted by count, then by name; GPUs that are not named stand as None
    size = len(names)
    by_count = {}
    for index, count in enumerate(COUNTS):
        part = dict(zip(names, values[index * size : (index + 1) * size], strict=True))
        by_count[str(count)] = [round(float(part[name]), digits) if name in part else None for name in gpus]
    return by_count


def _software(origin: str, gpu: str, rows: Sequence[Benchmark]) -> str:
    # the newest software any model of the same source was run with on that GPU; none known: left open
    newest = newest_row([row for row in rows if row.gpu == gpu and origin_of(row) == origin])
    return newest.software if newest is not None else ""


def _means(posterior: Posterior, wanted: Sequence[Point]) -> tuple[Matrix, Matrix]:
    mean, covariance = posterior.predict(wanted)
    noise = transfer.noise(posterior.variances, transfer.columns(wanted, posterior.gpus))
    return mean, np.sqrt(np.maximum(np.diag(covariance), 0.0) + noise)


def _eta(
    rates: Mapping[str, float],
    like: Point,
    scaled: scaling.ScalingPosterior,
    evidence: Evidence,
    newest: Newest,
) -> tuple[dict[str, list[float | None]], dict[str, list[float | None]]]:
    origin = like.script.split("|")[2]
    batches = {
        row.gpu: row.batch_size_per_gpu
        for row in evidence.rows
        if row.model == like.model
        and origin_of(row) == origin
        and width_of(row.precision) == "16"
        and row.batch_size_per_gpu
    }
    wanted = []
    for count in COUNTS:
        for name in rates:
            batch = usual_batch(scaled.gpus[name], batches, scaled.gpus)
            wanted.append(
                Scaled(
                    model=like.model,
                    script=like.script,
                    gpu=name,
                    gpu_count=count,
                    precision=Precision.AMP,
                    software=newest(origin, name),
                    origin=origin,
                    log_traffic=log_traffic(evidence.models[like.model], rates[name], batch),
                )
            )
    mean, deviation = scaled.predict(wanted)
    names = list(rates)
    return _by_count(mean, names, scaled.gpus, 2), _by_count(deviation, names, scaled.gpus, 2)


def _new_scaled(gpu: str, count: int, traffic: float | None) -> Scaled:
    return Scaled(
        model=NEW_MODEL,
        script=f"{NEW_MODEL}|pytorch||",
        gpu=gpu,
        gpu_count=count,
        precision=Precision.AMP,
        software="",
        origin="",
        log_traffic=traffic,
    )


def _factors(covariance: Matrix) -> tuple[Matrix, Matrix]:
    # the level is free, so only differences between places count: centring removes its variance and nothing else
    size = len(covariance)
    centring = np.eye(size) - 1.0 / size
    centred = centring @ covariance @ centring
    values, vectors = np.linalg.eigh(centred)
    order = np.argsort(values)[::-1]
    values, vectors = np.maximum(values[order], 0.0), vectors[:, order]
    factors = vectors[:, :FACTORS] * np.sqrt(values[:FACTORS])
    own = np.maximum(np.diag(centred) - np.sum(factors**2, axis=1), 0.0)
    return factors, own


def _has(gpu: Gpu, precision: Precision) -> bool:
    try:
        refuse_missing_precision(gpu, precision)
    except NoThroughputError:
        return False
    return True


def _rounded(values: Matrix, index: int | None) -> float | None:
    return None if index is None else round(float(values[index]), DIGITS)


def fit_record(evidence: Evidence, scaled: scaling.ScalingPosterior, left_out: Sequence[LeftOut]) -> dict[str, Any]:
    """The content of `fit.json`: order of the GPUs, quantiles of the ranges, scaling of new models, batch size, network."""
    return {
        "made_by": "python -m scripts.fit_throughput",
        "rows": len(evidence.rows),
        "newest_row": max(row.as_of for row in evidence.rows),
        "gpus": list(evidence.gpus),
        "measured_gpus": sorted({point.gpu for point in evidence.points}),
        "frameworks": sorted({row.framework for row in evidence.rows}),
        "quantiles": quantiles(left_out, evidence.rows),
        "scaling": {"traffic_centre": scaling.TRAFFIC_CENTRE, **new_model_scaling(scaled)},
        "batch": batch_law(evidence.rows),
        "nodes": _node_constants(evidence.rows),
    }


def quantiles(left_out: Sequence[LeftOut], rows: Sequence[Benchmark]) -> dict[str, Any]:
    """90 % quantile of error over claimed standard deviation, by kind of prediction."""
    scores: dict[str, list[float]] = {}
    for one in left_out:
        scores.setdefault(one.split, []).append(one.score)
    found: dict[str, Any] = {kind: round(quantile(scores[split]), DIGITS) for kind, split in SPLIT_OF_KIND.items()}
    found["measured"] = {
        "versions": round(quantile(scores["measured"]), DIGITS),
        "machines": round(_between_machines(rows, noisy=False), DIGITS),
        "noisy_machines": round(_between_machines(rows, noisy=True), DIGITS),
        "noisy_models": list(transfer.NOISY_MODELS),
    }
    return found


def _between_machines(rows: Sequence[Benchmark], *, noisy: bool) -> float:
    # the farther of the slowest and the fastest machine from the median, of rows of five machines and more
    spreads = [
        max(np.log(row.high / row.samples_per_second), np.log(row.samples_per_second / row.low))
        for row in rows
        if row.machines >= FEWEST_MACHINES and row.gpu_count == 1 and (row.model in transfer.NOISY_MODELS) == noisy
    ]
    return float(quantile(spreads))


def batch_law(rows: Iterable[Benchmark]) -> dict[str, float]:
    """The e of rate(b) = rate(b0) x (b / b0) ** e, from rows at several batch sizes, b0 the largest; 5, 50 and 95 % quantiles.

    Where there are no such rows, anything between none and all is possible.
    """
    groups: dict[tuple[str, str, str, str, int], dict[int, float]] = {}
    for row in rows:
        if row.batch_size_per_gpu:
            key = (script_of(row), row.gpu, row.precision, row.software, row.gpu_count)
            groups.setdefault(key, {})[row.batch_size_per_gpu] = row.samples_per_second
    exponents = []
    for rates in groups.values():
        largest = max(rates)
        for batch, rate in rates.items():
            if batch < FULL_BATCH * largest:
                exponents.append(min(max(np.log(rate / rates[largest]) / np.log(batch / largest), 0.0), 1.0))
    low, median, high = np.quantile(exponents or [0.0, 0.0, 1.0], [0.05, 0.5, 0.95])
    return {
        "low": round(float(low), 3),
        "median": round(float(median), 3),
        "high": round(float(high), 3),
        "n": len(exponents),
    }


def _node_constants(rows: Sequence[Benchmark]) -> dict[str, float]:
    losses = [loss_per_doubling(row, base) for row, base in node_pairs(rows)]
    low, median, high = np.quantile(losses, [0.05, 0.5, 0.95])
    return {
        "low": round(max(float(low), 0.0), 4),
        "median": round(float(median), 4),
        "high": round(float(high), 4),
        "n": len(losses),
        "usual_seconds_per_step": USUAL_SECONDS_PER_STEP,
    }
