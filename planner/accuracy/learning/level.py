"""The fit behind `planner.throughput.arithmetic`: trend, lengths and variances from the networks measured on one RTX 3090."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from planner.model.frozen import dataclass
from planner.model.records import Benchmark, Model, Precision
from planner.throughput.arithmetic import REFERENCE_GPU, coordinates

Matrix = Any

TREND_VARIANCE = 10.0
CENTRE = 6.0
LAYOUT = "channels first"
"""PyTorch's own memory layout; the source holds each network in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One measured network: its place among the others and its natural log rate."""

    model: str
    figures: tuple[float, float, float, float]  # natural logs: multiply-adds, activations, parameters, input size
    log_rate: float

    @property
    def place(self) -> tuple[float, ...]:
        """Coordinates before division by the learnt lengths."""
        return coordinates(*self.figures)


def networks(rows: Iterable[Benchmark], models: Mapping[str, Model]) -> list[Network]:
    """Every network measured on the reference GPU in the default memory layout whose figures are all known."""
    found = []
    for row in rows:
        model = models[row.model]
        gmacs, activations, params = model.forward_gmacs_per_sample, model.activations_millions, model.params_millions
        size = row.input_size or model.input_size
        if row.gpu == REFERENCE_GPU and LAYOUT in row.software and row.precision is Precision.AMP:
            if gmacs is None or activations is None or params is None or size is None:
                continue
            figures = (math.log(gmacs), math.log(activations), math.log(params), math.log(size))
            found.append(Network(model=row.model, figures=figures, log_rate=math.log(row.samples_per_second)))
    return found


def learn_level(found: Sequence[Network]) -> dict[str, Any]:
    """Lengths, variance, noise by maximum marginal likelihood on every second network; trend by least squares on all."""
    from scipy.optimize import minimize  # noqa: PLC0415 - only when fitting

    places, rates = _arrays(found)
    half = np.arange(0, len(found), 2)
    size = places.shape[1]
    trend = _with_constant(places[half])

    def loss(theta: Matrix) -> float:
        total = _total(places[half], theta, size) + TREND_VARIANCE * trend @ trend.T
        factor = np.linalg.cholesky(total)
        residual = np.linalg.solve(factor, rates[half])
        return float(0.5 * residual @ residual + np.log(np.diag(factor)).sum() + 0.02 * (theta**2).sum())

    start = np.array([0.3] * size + [-1.5, -4.5])
    theta = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 20}).x
    return {
        "lengths": [float(value) for value in np.exp(theta[:size])],
        "variance": float(np.exp(theta[size])),
        "noise": float(np.exp(theta[size + 1])),
    }


def arithmetic_record(found: Sequence[Network], hyper: Mapping[str, Any]) -> dict[str, Any]:
    """The whole content of `arithmetic.json`: the networks with their residuals, under these lengths and variances."""
    places, rates = _arrays(found)
    lengths = np.array(hyper["lengths"])
    theta = np.log([*hyper["lengths"], hyper["variance"], hyper["noise"]])
    total = _total(places, theta, len(lengths))
    design = _with_constant(places)
    solved = np.linalg.solve(total, np.c_[design, rates])
    coefficients = np.linalg.solve(design.T @ solved[:, :-1], design.T @ solved[:, -1])
    residuals = rates - design @ coefficients
    gmacs, activations, params, _ = np.array([network.figures for network in found]).T
    trend = [float(value) for value in coefficients]
    trend[0] += CENTRE
    return {
        **hyper,
        "trend": trend,
        "params_from_gmacs": _regression(params, gmacs),
        "activations_from_gmacs_params": _regression(activations, gmacs, params),
        "networks": [
            [*(round(float(value), 4) for value in place / lengths), round(float(residual), 4)]
            for place, residual in zip(places, residuals, strict=True)
        ],
    }


def left_out_levels(
    found: Sequence[Network], hyper: Mapping[str, Any], groups: Iterable[Sequence[int]]
) -> tuple[Matrix, Matrix]:
    """Predicted log rate and its standard deviation of every network, each group predicted from all others."""
    places, rates = _arrays(found)
    theta = np.log([*hyper["lengths"], hyper["variance"], hyper["noise"]])
    design = _with_constant(places)
    inverse = np.linalg.inv(_total(places, theta, places.shape[1]) + TREND_VARIANCE * design @ design.T)
    weights = inverse @ rates
    predicted, deviation = np.zeros(len(found)), np.zeros(len(found))
    for group in groups:
        index = np.asarray(group)
        block = np.linalg.inv(inverse[np.ix_(index, index)])
        predicted[index] = CENTRE + rates[index] - block @ weights[index]
        deviation[index] = np.sqrt(np.diag(block))
    return predicted, deviation


def _arrays(found: Sequence[Network]) -> tuple[Matrix, Matrix]:
    places = np.array([network.place for network in found])
    return places, np.array([network.log_rate for network in found]) - CENTRE


def _with_constant(places: Matrix) -> Matrix:
    return np.c_[np.ones(len(places)), places]


def _total(places: Matrix, theta: Matrix, size: int) -> Matrix:
    scaled = places / np.exp(theta[:size])
    distance = np.sqrt(np.sum((scaled[:, None] - scaled[None, :]) ** 2, axis=-1))
    return np.exp(theta[size] - distance) + np.exp(theta[size + 1]) * np.eye(len(places))


def _regression(wanted: Matrix, *known: Matrix) -> list[float]:
    design = np.stack([np.ones(len(wanted)), *known], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, wanted, rcond=None)
    spread = np.std(wanted - design @ coefficients)
    return [float(value) for value in (*coefficients, spread)]
