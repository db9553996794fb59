"""How throughput grows with the GPUs of one machine: a Gaussian process over the slowdown.

    efficiency E = rate of n GPUs / (n x rate of one, same batch per GPU) = 1 / (1 + exp(eta))

exp(eta) is the time per step that exchanging gradients adds, as a share of the step on one GPU. It depends on the gradient
traffic of the model (parameters x steps per second), on the connection, on the particular machine and software, on n.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.accuracy.learning.transfer import NOISY_MODELS, same_label, without_rows
from planner.model.records import Benchmark, Gpu, Model, Precision
from planner.throughput.links import link_gb_per_s, link_of
from planner.throughput.precision import width_of
from planner.throughput.scaling import EFFICIENCY_BOUNDS, MAX_GPUS_PER_MACHINE, log_traffic
from planner.throughput.scripts import script_of

Matrix = Any

BATCH_TOLERANCE = 0.1
EFFICIENCY_NOISE = 0.012  # of a ratio of two medians; see the spread between machines in data/README.md
CENTRE = -2.5
LEVEL_VARIANCE = 10.0
PRIOR_LOG_VARIANCE = (np.log(0.05), 2.5)

_SHARED_NUMBERS = {"traffic": ("link", "system"), "known": ("link", "system"), "doublings": ("link", "model", "system")}
TRAFFIC_CENTRE = 5.5  # natural logarithm of millions of gradients a second: the middle of the measured scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A script measured (or wanted) on `gpu_count` GPUs of one machine and on one, with the same batch per GPU.

    `log_traffic` is the natural logarithm of parameters (millions) x steps a second of one GPU; `None` if unknown.
    """

    model: str
    script: str
    gpu: str
    gpu_count: int
    precision: Precision
    software: str
    origin: str
    log_traffic: float | None
    is_new: bool = True
    efficiency: float = float("nan")
    row: Benchmark | None = None
    single: Benchmark | None = None


def scaled_points(rows: Iterable[Benchmark], gpus: Mapping[str, Gpu], models: Mapping[str, Model]) -> list[Scaled]:
    """Every row of several GPUs of one machine that has its single-GPU row: same script, precision, software and batch."""
    usable = [row for row in rows if row.gpu in gpus and row.precision is not Precision.FP16]
    singles: dict[tuple[str, str, str, str], list[Benchmark]] = {}
    for row in usable:
        if row.gpu_count == 1:
            singles.setdefault(_setting(row), []).append(row)
    points = []
    for row in usable:
        single = _same_batch(row, singles.get(_setting(row), []))
        if row.gpu_count > 1 and single is not None and _is_one_machine(row):
            points.append(_point(row, single, models[row.model]))
    return points


def terms(a: Sequence[Scaled], b: Sequence[Scaled], gpus: Mapping[str, Gpu]) -> Iterator[tuple[str, Matrix]]:
    """Every learnt covariance at variance 1 between the points of `a` and of `b`, by name; noise is not among them."""
    left, right = _labels(a, gpus), _labels(b, gpus)
    same = {name: same_label(left[name], right[name]) for name in left}
    numbers_a, numbers_b = _numbers(a, gpus), _numbers(b, gpus)
    yield from _named_terms(same, {name: np.outer(numbers_a[name], numbers_b[name]) for name in numbers_a})


def _named_terms(same: Mapping[str, Matrix], products: Mapping[str, Matrix]) -> Iterator[tuple[str, Matrix]]:
    yield from same.items()
    yield from (
        (f"model.{name}", same["model"] * same[name]) for name in ("width", "link", "gpu", "system", "software")
    )
    yield from ((f"count.{name}", same["count"] * same[name]) for name in ("link", "system"))
    for number, product in products.items():
        yield number, product
        yield from ((f"{number}.{name}", product * same[name]) for name in _SHARED_NUMBERS.get(number, ()))


def learn_variances(
    points: Sequence[Scaled], gpus: Mapping[str, Gpu], start: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The variances that make the points most likely under the weak prior; takes seconds and needs scipy."""
    from scipy.optimize import minimize  # noqa: PLC0415 - only when fitting

    stack = dict(terms(points, points, gpus))
    stack["noise"] = np.eye(len(points))
    stack["noise.noisy"] = np.diag(_noisy(points))
    names = list(stack)
    flat = np.array([matrix.ravel() for matrix in stack.values()])
    fixed = LEVEL_VARIANCE + np.diag(_measurement_variance(points))
    slowdown = _slowdown(points) - CENTRE
    mean, deviation = PRIOR_LOG_VARIANCE

    def loss(theta: Matrix) -> tuple[float, Matrix]:
        values = np.exp(theta)
        total = fixed + (values @ flat).reshape(fixed.shape)
        factor = np.linalg.cholesky(total)
        inverse = np.linalg.inv(total)
        weights = inverse @ slowdown
        slope = 0.5 * values * (flat @ (inverse - np.outer(weights, weights)).ravel())
        pull = (theta - mean) / deviation
        value = 0.5 * slowdown @ weights + np.log(np.diag(factor)).sum() + 0.5 * (pull**2).sum()
        return value, slope + pull / deviation

    first = np.log([(start or {}).get(name, 0.1) for name in names])
    result = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return {name: float(value) for name, value in zip(names, np.exp(result.x), strict=True)}


@dataclass(frozen=True, slots=True)
class ScalingPosterior:
    """Predicts scaling from the measured points."""

    variances: Mapping[str, float]
    points: Sequence[Scaled]
    gpus: Mapping[str, Gpu]
    inverse: Matrix
    weights: Matrix

    def predict(self, wanted: Sequence[Scaled]) -> tuple[Matrix, Matrix]:
        """Mean and standard deviation of eta at the wanted points."""
        cross = _covariance(self.variances, wanted, self.points, self.gpus)
        own = _own_variance(self.variances, wanted, self.gpus) + _learnt_noise(self.variances, wanted)
        variance = own - np.einsum("ij,ij->i", cross @ self.inverse, cross)
        return CENTRE + cross @ self.weights, np.sqrt(variance)

    def left_out(self, group: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Mean and standard deviation of eta (with noise) of the points `group` as predicted from all others."""
        index = np.asarray(group)
        block = np.linalg.inv(self.inverse[np.ix_(index, index)])
        measured = _slowdown([self.points[i] for i in group])
        return measured - block @ self.weights[index], np.sqrt(np.diag(block))

    def without(self, group: Sequence[int]) -> ScalingPosterior:
        """The posterior without these points, under the same variances."""
        gone = set(group)
        kept = [index for index in range(len(self.points)) if index not in gone]
        points = [self.points[index] for index in kept]
        inverse = without_rows(self.inverse, kept, group)
        return ScalingPosterior(
            self.variances,
            points,
            self.gpus,
            inverse,
            inverse @ (_slowdown(points) - CENTRE),
        )


def scaling_posterior(
    points: Sequence[Scaled], gpus: Mapping[str, Gpu], variances: Mapping[str, float]
) -> ScalingPosterior:
    """The posterior of scaling, given the points and these variances."""
    own = _measurement_variance(points) + _learnt_noise(variances, points)
    inverse = np.linalg.inv(_covariance(variances, points, points, gpus) + np.diag(own))
    return ScalingPosterior(variances, points, gpus, inverse, inverse @ (_slowdown(points) - CENTRE))


def _covariance(
    variances: Mapping[str, float], a: Sequence[Scaled], b: Sequence[Scaled], gpus: Mapping[str, Gpu]
) -> Matrix:
    total = np.full((len(a), len(b)), LEVEL_VARIANCE)
    for name, matrix in terms(a, b, gpus):
        total += variances[name] * matrix
    return total


def _own_variance(variances: Mapping[str, float], points: Sequence[Scaled], gpus: Mapping[str, Gpu]) -> Matrix:
    """The diagonal of the covariance of points with themselves: each is alike itself in every label."""
    alike = np.ones(len(points))
    same = dict.fromkeys(_labels([], gpus), alike)
    total = LEVEL_VARIANCE * alike
    for name, values in _named_terms(same, {name: values**2 for name, values in _numbers(points, gpus).items()}):
        total += variances[name] * values
    return total


def _setting(row: Benchmark) -> tuple[str, str, str, str]:
    return (script_of(row), row.gpu, row.precision, row.software)


def _same_batch(row: Benchmark, singles: Sequence[Benchmark]) -> Benchmark | None:
    alike = [
        single
        for single in singles
        if row.batch_size_per_gpu is None
        or (
            single.batch_size_per_gpu is not None
            and abs(single.batch_size_per_gpu / row.batch_size_per_gpu - 1) <= BATCH_TOLERANCE
        )
    ]
    return max(alike, key=lambda single: single.machines, default=None)


def _is_one_machine(row: Benchmark) -> bool:
    # NVIDIA's tables of 16 and more GPUs are of several machines, except DGX-2; Lambda's are always one machine
    return row.gpu_count <= 8 or (row.gpu_count <= MAX_GPUS_PER_MACHINE and row.source.startswith("lambdal/"))


def _point(row: Benchmark, single: Benchmark, model: Model) -> Scaled:
    return Scaled(
        model=row.model,
        script=script_of(row),
        gpu=row.gpu,
        gpu_count=row.gpu_count,
        precision=row.precision,
        software=row.software,
        origin=row.source.partition(":")[0],
        log_traffic=log_traffic(model, math.log(single.samples_per_second), single.batch_size_per_gpu),
        efficiency=row.samples_per_second / row.gpu_count / single.samples_per_second,
        row=row,
        single=single,
    )


def _labels(points: Sequence[Scaled], gpus: Mapping[str, Gpu]) -> dict[str, list[str]]:
    return {
        "model": [point.model for point in points],
        "script": [point.script for point in points],
        "width": [width_of(point.precision) for point in points],
        "link": [str(link_of(gpus[point.gpu])) for point in points],
        "gpu": [point.gpu for point in points],
        "system": [f"{point.gpu}|{point.software}|{point.origin}" for point in points],
        "count": [str(point.gpu_count) for point in points],
        "framework": [point.script.split("|")[1] for point in points],
        "software": [point.software for point in points],
    }


def _numbers(points: Sequence[Scaled], gpus: Mapping[str, Gpu]) -> dict[str, Matrix]:
    sheets = [gpus[point.gpu] for point in points]
    traffic = [point.log_traffic for point in points]
    named = {
        "traffic": [0.0 if value is None else value - TRAFFIC_CENTRE for value in traffic],
        "known": [0.0 if value is None else 1.0 for value in traffic],
        "doublings": [np.log2(point.gpu_count) - 2.0 for point in points],
        "bandwidth": [np.log((link_gb_per_s(gpu) or np.nan) / 100.0) for gpu in sheets],
        "pcie": [(gpu.pcie_generation or np.nan) - 4.0 for gpu in sheets],
        "compute": [np.log((gpu.fp16_tensor_tflops or gpu.fp32_tflops or 1.0) / 150.0) for gpu in sheets],
    }
    return {name: np.array(values, dtype=float) for name, values in named.items()}


def _slowdown(points: Sequence[Scaled]) -> Matrix:
    efficiency = np.clip([point.efficiency for point in points], *EFFICIENCY_BOUNDS)
    return np.log(1.0 / efficiency - 1.0)


def _measurement_variance(points: Sequence[Scaled]) -> Matrix:
    # an error e of the efficiency is an error e / (E (1 - E)) of eta, E being near 1 where it matters
    efficiency = np.clip([point.efficiency for point in points], *EFFICIENCY_BOUNDS)
    return (EFFICIENCY_NOISE / (1.0 - efficiency)) ** 2 + 1e-5


def _learnt_noise(variances: Mapping[str, float], points: Sequence[Scaled]) -> Matrix:
    return variances["noise"] + variances["noise.noisy"] * _noisy(points)


def _noisy(points: Sequence[Scaled]) -> Matrix:
    return np.array([point.model in NOISY_MODELS for point in points], dtype=float)
