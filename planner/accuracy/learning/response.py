"""How the models of a class respond to each GPU and number format: a Gaussian process over implementations.

`transfer` learns from every row of every software, most of which are of eleven scripts of one laboratory, how one script goes
from GPU to GPU. What nobody has measured but on one GPU is carried by what implementations have in common instead: each
stands with the newest row of its cells, whatever it was measured in before.

    log rate = level of the implementation
             + response (all, class, model, implementation) to the data sheet, to like GPUs, to an architecture, to a GPU
             + what a number format gains (all, class, model, implementation)
             + noise

The variances are round numbers. Learnt so that left-out models are foretold best, they are no better: what they do is to say
that a class is known nearly as well by itself as with all others, a model hardly better than its class.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from planner.accuracy.learning import transfer
from planner.accuracy.learning.evidence import Point, point_of
from planner.accuracy.learning.implementations import TIMM, Implementation
from planner.accuracy.learning.transfer import FEATURES, Columns, Matrix, Posterior, same_label
from planner.model.records import Gpu

RESPONSE = {
    # variances of the natural logarithm; those of figures of the data sheet are for a figure e times as high
    "bandwidth": 0.1,
    "compute": 0.2,
    "vector": 0.003,
    "memory": 0.005,
    "power": 0.003,
    "likeness": 0.01,
    "gpu": 0.002,
    "architecture": 0.002,
}
SHARES = {"class": 0.75, "model": 0.15, "script": 0.05}
"""How much of a response is particular to a class, a model, an implementation, as a share of what all have in common."""
FORMAT_SHARE = 0.15  # of a response is particular to a number format
FORMATS = {"all": 0.1, "class": 0.02, "model": 0.02, "script": 0.05}
"""What a number format gains on every GPU alike."""
NOISE = 0.02


def response_posterior(
    found: Iterable[Implementation], gpus: Mapping[str, Gpu], batch_exponent: float | None = None
) -> Posterior:
    """What implementations say of every GPU; their scripts are the scripts of its points, their classes the task classes.

    With a `batch_exponent` all cells of an implementation whose batch is known stand at the middle one of those, by
    rate(b) = rate(b0) x (b / b0) ** e: what is left is what the GPU does. Without one they stand as they ran, mostly at the batch
    that fills the memory.
    """
    return posterior_of(response_points(found, batch_exponent), gpus)


def posterior_of(
    points: Sequence[Point], gpus: Mapping[str, Gpu], extra_variance: Mapping[int, float] | None = None
) -> Posterior:
    """The posterior, given these points; `extra_variance` makes single points, by index, less certain."""
    variances = {"noise": NOISE, "noise.noisy": 0.0}
    return transfer.posterior(points, gpus, variances, extra_variance, covariance)


def response_points(found: Iterable[Implementation], batch_exponent: float | None = None) -> list[Point]:
    """The cells of each implementation at its smallest number of GPUs; timm's are of one GPU and say nothing here."""
    points = []
    for one in found:
        if one.origin == TIMM:
            continue
        smallest = min((row.gpu_count for row in one.cells), default=1)
        cells = [row for row in one.cells if row.gpu_count == smallest]
        known = [row.batch_size_per_gpu for row in cells if row.batch_size_per_gpu]
        for row in cells:
            point = point_of(row, model=one.model.name, script=one.name, task_class=one.stack_class)
            if batch_exponent is not None and row.batch_size_per_gpu:
                move = batch_exponent * math.log(statistics.median_low(known) / row.batch_size_per_gpu)
                point = replace(point, log_rate=point.log_rate + move)
            points.append(point)
    return points


def covariance(_: Mapping[str, float], a: Columns, b: Columns) -> Matrix:
    """Prior covariance between the log rates at the points of `a` and of `b`, noise left out."""
    labels = ("class", "model", "script", "precision", "gpu", "architecture")
    same = {name: same_label(a.labels[name], b.labels[name]) for name in labels}
    likeness = {"likeness": transfer.likeness(a, b), "gpu": same["gpu"], "architecture": same["architecture"]}
    response = sum(RESPONSE[name] * matrix for name, matrix in likeness.items())
    for index, feature in enumerate(FEATURES):
        response = response + RESPONSE[feature] * a.features[:, index, None] * b.features[None, :, index]
    shared = 1.0 + sum(share * same[name] for name, share in SHARES.items())
    formats = FORMATS["all"] + sum(FORMATS[name] * same[name] for name in SHARES)
    level = transfer.LEVEL_VARIANCE * (same["script"] + same["model"])
    return level + response * shared * (1.0 + FORMAT_SHARE * same["precision"]) + formats * same["precision"]
