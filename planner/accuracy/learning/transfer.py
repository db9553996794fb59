"""How throughput carries from GPU to GPU: a Gaussian process over (script, GPU, precision, software).

    log rate = level of the script
             + response to the GPU's data sheet (bandwidth, compute, FP32 rate, memory, power): shared, per task class, per model
             + what is particular to an architecture, a GPU, a software generation, a precision
             + noise

Every part is a covariance `variance x (same model? same class? ...) x (likeness of the GPUs)`. The variances are learnt by
maximum marginal likelihood with a weak prior that holds each near zero unless the rows ask for it; so a model measured
on few GPUs falls back to its class, and a GPU without rows to its data sheet, with a standard deviation that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.accuracy.learning.evidence import Point
from planner.errors import DataError
from planner.model.records import Gpu
from planner.throughput.sustained import sustained_tflops

Matrix = Any  # numpy array; its shape is in the name or the docstring

FEATURES = ("bandwidth", "compute", "vector", "memory", "power")
REFERENCE = {"bandwidth": 1000.0, "compute": 150.0, "vector": 30.0, "memory": 32.0, "power": 300.0, "tensor": 150.0}
_SHEET = (
    0,
    5,
    2,
    3,
    4,
)  # columns that make GPUs alike whatever the precision: the 16-bit rate in place of the run's own
NOISY_MODELS = ("tacotron2", "ncf")  # repeats differ by 4 to 14 %; all others by about 1 %
CENTRE = 6.0
LEVEL_VARIANCE = 25.0  # wide: the level of a script is its own, whatever its unit
RADIUS = 1.2  # of likeness between GPUs, in natural logarithms of their figures: a factor of 3.3
JITTER = 1e-6
PRIOR_LOG_VARIANCE = (np.log(0.003), 2.5)  # mean and standard deviation of each log variance before seeing rows
UNSEEN_VENDOR_VARIANCE = (0.09, 0.04)
"""Added for GPUs of a maker without a single row: shared by all its GPUs, and for each. An assumption (one standard deviation
is a factor of 1.43): nothing measured says how ROCm compares."""
UNSEEN_FAMILY_VARIANCE = 0.06
"""Added for families of a known maker without a row (Kepler, Maxwell, workstation Blackwell), shared within each. An assumption:
leaving out a whole family moves its predictions by about this much."""

_SHARINGS = ("all", "precision", "class", "model", "model.precision")


@dataclass(frozen=True, slots=True)
class Columns:
    """Points as arrays, ready for covariances."""

    labels: Mapping[str, Sequence[str]]
    features: Matrix  # points x FEATURES, natural logarithms over REFERENCE
    noisy: Matrix

    def only(self, kept: Sequence[int]) -> Columns:
        """The same arrays with these points alone."""
        labels = {name: [values[index] for index in kept] for name, values in self.labels.items()}
        return Columns(labels=labels, features=self.features[kept], noisy=self.noisy[kept])


def columns(points: Sequence[Point], gpus: Mapping[str, Gpu]) -> Columns:
    """The points as arrays."""
    sheets = [gpus[point.gpu] for point in points]
    widths = [point.width for point in points]
    named = {
        "all": ["" for _ in points],
        "precision": widths,
        "class": [point.task_class for point in points],
        "model": [point.model for point in points],
        "model.precision": [f"{point.model}|{width}" for point, width in zip(points, widths, strict=True)],
        "script": [point.script for point in points],
        "script.precision": [f"{point.script}|{width}" for point, width in zip(points, widths, strict=True)],
        "gpu": [gpu.name for gpu in sheets],
        "architecture": [family(gpu) for gpu in sheets],
        "generation": [str(point.is_new) for point in points],
        "software": [point.software for point in points],
    }
    return Columns(
        labels=named,
        features=np.array([_features(gpu, point) for gpu, point in zip(sheets, points, strict=True)]).reshape(
            len(points), len(FEATURES) + 1
        ),
        noisy=np.array([point.model in NOISY_MODELS for point in points], dtype=float),
    )


def family(gpu: Gpu) -> str:
    """The family of GPUs with the same instruction set and memory system: the architecture, with GA100 apart from Ampere.

    Data-centre Blackwell (HBM, GB1xx) is apart from workstation Blackwell (GDDR7, GB2xx) likewise.
    """
    name, _, chip = gpu.architecture.partition(" ")
    if chip.startswith("GA100"):
        return "Ampere GA100"
    if name == "Blackwell":
        return "Blackwell GB1xx" if chip.startswith(("GB1", "Ultra")) else "Blackwell GB2xx"
    return name


def terms(a: Columns, b: Columns) -> Iterator[tuple[str, Matrix]]:
    """Every learnt covariance at variance 1 between the points of `a` and of `b`, by name; noise is not among them.

    One at a time: together they would fill half a gigabyte.
    """
    same = {name: same_label(a.labels[name], b.labels[name]) for name in a.labels}
    same["model.generation"] = same["model"] * same["generation"]
    shared = [(f".{name}", same[name]) for name in _SHARINGS]
    yield from ((name, same[name]) for name in ("script", "script.precision", "model.precision"))
    for index, feature in enumerate(FEATURES):
        product = np.outer(a.features[:, index], b.features[:, index])
        yield from ((f"{feature}{suffix}", product * sharing) for suffix, sharing in shared)
    alike = likeness(a, b)
    yield from ((f"likeness{suffix}", alike * sharing) for suffix, sharing in shared)
    yield "likeness.script", alike * same["script"]
    yield from ((f"architecture{suffix}", same["architecture"] * sharing) for suffix, sharing in shared)
    yield from ((f"gpu{suffix}", same["gpu"] * sharing) for suffix, sharing in shared[:4])
    for name in ("all", "model", "model.precision", "gpu", "architecture"):
        yield f"generation.{name}", same["generation"] * same[name]
    yield "generation.architecture.model", same["model.generation"] * same["architecture"]
    yield from ((f"software.{name}", same["software"] * same[name]) for name in ("all", "model", "gpu"))


def likeness(a: Columns, b: Columns) -> Matrix:
    """How alike the data sheets of the GPUs of `a` and of `b` are: 1 if they are the same."""
    distance = np.sum((a.features[:, None, _SHEET] - b.features[None, :, _SHEET]) ** 2, axis=-1)
    return np.exp(-distance / (2 * RADIUS**2))


def same_label(a: Sequence[str], b: Sequence[str]) -> Matrix:
    """1 where a label of `a` (row) equals one of `b` (column), else 0."""
    codes = {label: code for code, label in enumerate({*a, *b})}
    return np.equal.outer([codes[label] for label in a], [codes[label] for label in b]).astype(float)


Covariance = Callable[[Mapping[str, float], Columns, Columns], Matrix]


def covariance(variances: Mapping[str, float], a: Columns, b: Columns) -> Matrix:
    """Prior covariance between the log rates at the points of `a` and of `b`, noise left out."""
    total = LEVEL_VARIANCE * (1.0 + same_label(a.labels["model"], b.labels["model"]))
    for name, matrix in terms(a, b):
        total += variances[name] * matrix
    return total


def noise(variances: Mapping[str, float], points: Columns) -> Matrix:
    """Variance of the noise of each point."""
    return JITTER + variances["noise"] + variances["noise.noisy"] * points.noisy


def learn_variances(
    points: Sequence[Point], gpus: Mapping[str, Gpu], start: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The variances that make the points most likely under the weak prior; takes seconds and needs scipy."""
    from scipy.optimize import minimize  # noqa: PLC0415 - only when fitting

    table = columns(points, gpus)
    stack = dict(terms(table, table))
    stack["noise"] = np.eye(len(points))
    stack["noise.noisy"] = np.diag(table.noisy)
    names = list(stack)
    flat = np.array([matrix.ravel() for matrix in stack.values()])
    level = LEVEL_VARIANCE * (1.0 + same_label(table.labels["model"], table.labels["model"]))
    rates = _centred(points)
    mean, deviation = PRIOR_LOG_VARIANCE

    def loss(theta: Matrix) -> tuple[float, Matrix]:
        values = np.exp(theta)
        total = level + (values @ flat).reshape(level.shape) + JITTER * np.eye(len(rates))
        factor = np.linalg.cholesky(total)
        inverse = np.linalg.inv(total)
        weights = inverse @ rates
        slope = 0.5 * values * (flat @ (inverse - np.outer(weights, weights)).ravel())
        value = 0.5 * rates @ weights + np.log(np.diag(factor)).sum()
        pull = (theta - mean) / deviation
        return value + 0.5 * (pull**2).sum(), slope + pull / deviation

    first = np.log([(start or {}).get(name, 0.01) for name in names])
    result = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return {name: float(value) for name, value in zip(names, np.exp(result.x), strict=True)}


@dataclass(frozen=True, slots=True)
class Posterior:
    """Predicts log rates from the measured points."""

    variances: Mapping[str, float]
    points: Sequence[Point]
    gpus: Mapping[str, Gpu]
    table: Columns
    inverse: Matrix  # of the covariance of the points, with noise
    weights: Matrix  # inverse times centred log rates
    covariance: Covariance

    def predict(self, wanted: Sequence[Point]) -> tuple[Matrix, Matrix]:
        """Mean log rate of each wanted point, and the covariance between them (without measurement noise)."""
        table = columns(wanted, self.gpus)
        cross = self.covariance(self.variances, table, self.table)
        prior = self.covariance(self.variances, table, table) + self._unseen(wanted)
        return CENTRE + cross @ self.weights, prior - cross @ self.inverse @ cross.T

    def left_out(self, group: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Mean and standard deviation (with noise) of the points `group` as predicted from all others.

        With the inverse P of the covariance matrix and its block P_gg, the prediction from the rest is
        y_g - P_gg^-1 (P y)_g with covariance P_gg^-1: exact, without a new fit.
        """
        index = np.asarray(group)
        block = np.linalg.inv(self.inverse[np.ix_(index, index)])
        rates = np.array([self.points[i].log_rate for i in group])
        return rates - block @ self.weights[index], np.sqrt(np.diag(block))

    def without(self, group: Sequence[int]) -> Posterior:
        """The posterior without these points, under the same variances."""
        gone = set(group)
        kept = [index for index in range(len(self.points)) if index not in gone]
        points = [self.points[index] for index in kept]
        inverse = without_rows(self.inverse, kept, group)
        return Posterior(
            self.variances,
            points,
            self.gpus,
            self.table.only(kept),
            inverse,
            inverse @ _centred(points),
            self.covariance,
        )

    def _unseen(self, wanted: Sequence[Point]) -> Matrix:
        seen = {self.gpus[point.gpu].vendor for point in self.points}
        seen_families = {family(self.gpus[point.gpu]) for point in self.points}
        names = np.array([point.gpu for point in wanted])
        vendors = np.array([self.gpus[name].vendor for name in names])
        families = np.array([family(self.gpus[name]) for name in names])
        new_vendor = ~np.isin(vendors, list(seen))
        new_family = ~np.isin(families, list(seen_families)) & ~new_vendor
        shared, own = UNSEEN_VENDOR_VARIANCE
        by_vendor = (vendors[:, None] == vendors) & new_vendor[:, None] & new_vendor
        by_family = (families[:, None] == families) & new_family[:, None] & new_family
        return by_vendor * (shared + own * (names[:, None] == names)) + by_family * UNSEEN_FAMILY_VARIANCE


def posterior(
    points: Sequence[Point],
    gpus: Mapping[str, Gpu],
    variances: Mapping[str, float],
    extra_variance: Mapping[int, float] | None = None,
    covariance: Covariance = covariance,
) -> Posterior:
    """The posterior, given the points and these variances; `extra_variance` makes single points, by index, less certain."""
    table = columns(points, gpus)
    own = noise(variances, table)
    for index, value in (extra_variance or {}).items():
        own[index] += value
    total = covariance(variances, table, table) + np.diag(own)
    inverse = np.linalg.inv(total)
    return Posterior(variances, points, gpus, table, inverse, inverse @ _centred(points), covariance)


def without_rows(inverse: Matrix, kept: Sequence[int], group: Sequence[int]) -> Matrix:
    """The inverse of a matrix without some of its rows and columns, from the inverse of the whole: P_kk - P_kg P_gg^-1 P_gk."""
    if not len(group):
        return inverse
    cross = inverse[np.ix_(kept, group)]
    return inverse[np.ix_(kept, kept)] - cross @ np.linalg.solve(inverse[np.ix_(group, group)], cross.T)


def _centred(points: Sequence[Point]) -> Matrix:
    return np.array([point.log_rate for point in points]) - CENTRE


def _features(gpu: Gpu, point: Point) -> list[float]:
    figures = {
        "bandwidth": gpu.memory_bandwidth_gb_per_s,
        "compute": sustained_tflops(gpu, point.precision),
        "tensor": gpu.fp16_tensor_tflops or gpu.fp32_tflops,
        "vector": gpu.fp32_tflops,
        "memory": gpu.memory_gib,
        "power": gpu.tdp_watts,
    }
    missing = [name for name, value in figures.items() if value is None]
    if missing:
        raise DataError(f"data/gpus.csv: {gpu.name} has no figure for {', '.join(missing)}, which prediction needs.")
    return [float(np.log((figures[name] or 1.0) / REFERENCE[name])) for name in (*FEATURES, "tensor")]
