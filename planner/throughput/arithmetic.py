"""Throughput from a model's arithmetic alone: on one RTX 3090, learnt from 838 networks measured there.

    ln rate = trend in the figures + what the most similar networks show beyond the trend

Simple kriging: the second part is weighted by exp(-distance), distances being taken in ln(multiply-adds / activations),
ln(activations), ln(parameters / multiply-adds) and ln(input size), each over its learnt length.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from planner.errors import NoThroughputError
from planner.model.frozen import dataclass
from planner.model.records import Model
from planner.paths import shipped_data_dir
from planner.throughput.linear import dot, solve

REFERENCE_GPU = "rtx-3090"
NEIGHBOURS = 24
USUAL_INPUT_SIZE = 224  # stands in where a model has no image size: the size of most of the networks learnt from


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Log of samples per second on one RTX 3090 in mixed precision, its standard deviation, and a line that explains it."""

    log_rate: float
    deviation: float
    steps: tuple[str, ...]


def level_of(model: Model, relative_arithmetic: float = 1.0, fit: Mapping[str, Any] | None = None) -> Level:
    """The speed of a model on one RTX 3090, predicted from its arithmetic.

    Args:
        model: needs `forward_gmacs_per_sample`; missing activations or parameters are filled in with what networks of
            the same multiply-adds have, and widen the range.
        relative_arithmetic: arithmetic of one sample over that at the model's own input size.
        fit: what was learnt; by default the published `arithmetic.json`.

    Raises:
        NoThroughputError: the multiply-adds are not known.
    """
    fit = fit or load_learnt_arithmetic()
    figures, missing_variance, filled_in = complete_figures(model, fit, relative_arithmetic)
    point = coordinates(*figures)
    trend = dot(fit["trend"], (1.0, *point))
    correction, variance = _kriged(point, fit)
    deviation = math.sqrt(variance + missing_variance)
    gmacs, activations, params, _ = (math.exp(value) for value in figures)
    steps = (
        f"one RTX 3090, mixed precision, from {gmacs:.4g} billion multiply-adds, {activations:.4g} million activations and "
        f"{params:.4g} million parameters{filled_in}: trend {math.exp(trend):,.4g}/s, "
        f"x {math.exp(correction):.3f} as the {NEIGHBOURS} most similar measured networks show",
    )
    return Level(log_rate=trend + correction, deviation=deviation, steps=steps)


def coordinates(log_gmacs: float, log_activations: float, log_params: float, log_size: float) -> tuple[float, ...]:
    """The coordinates that networks are compared by: intensity, activations, parameters per multiply-add, input size."""
    return (log_gmacs - log_activations, log_activations - 2.5, log_params - log_gmacs, log_size - 5.4)


def complete_figures(
    model: Model, fit: Mapping[str, Any], relative_arithmetic: float = 1.0
) -> tuple[tuple[float, float, float, float], float, str]:
    """Natural logarithms of the four figures, the variance that filled-in ones add, and a phrase that names those.

    The figures are multiply-adds, activations, parameters and input size; the variance is that of the log rate.

    Raises:
        NoThroughputError: the multiply-adds are not known.
    """
    if model.forward_gmacs_per_sample is None:
        raise NoThroughputError(
            "{name} has neither a measured throughput nor known multiply-adds. "
            "Give {gmacs_per_sample}, or one own measurement with {measured} GPU=SAMPLES_PER_SECOND.",
            argument="gmacs_per_sample",
            name=model.name,
        )
    gmacs = math.log(model.forward_gmacs_per_sample * relative_arithmetic)
    filled, variance = [], 0.0
    if model.params_millions is None:
        intercept, slope, spread = fit["params_from_gmacs"]
        params = intercept + slope * gmacs
        variance += (fit["trend"][3] * spread) ** 2
        filled.append("parameters")
    else:
        params = math.log(model.params_millions)
    if model.activations_millions is None:
        intercept, slope, slope_params, spread = fit["activations_from_gmacs_params"]
        activations = intercept + slope * gmacs + slope_params * params
        variance += ((fit["trend"][2] - fit["trend"][1]) * spread) ** 2
        filled.append("activations")
    else:
        activations = math.log(model.activations_millions * relative_arithmetic)
    is_image = model.sample_unit == "image"
    side = (model.input_size or USUAL_INPUT_SIZE) * math.sqrt(relative_arithmetic) if is_image else USUAL_INPUT_SIZE
    phrase = f" ({' and '.join(filled)} filled in from networks of the same size)" if filled else ""
    return (gmacs, activations, params, math.log(side)), variance, phrase


@cache
def load_learnt_arithmetic() -> dict[str, Any]:
    """The file that `scripts/fit_throughput.py` writes: the networks, and what was learnt from them."""
    path = shipped_data_dir() / "throughput" / "fit" / "arithmetic.json"
    fit: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return fit


def _kriged(point: Sequence[float], fit: Mapping[str, Any]) -> tuple[float, float]:
    lengths, variance, noise = fit["lengths"], fit["variance"], fit["noise"]
    scaled = [value / length for value, length in zip(point, lengths, strict=True)]
    near = heapq.nsmallest(
        NEIGHBOURS,
        ((math.dist(scaled, network[:-1]), network) for network in fit["networks"]),
        key=lambda pair: pair[0],
    )
    cross = [variance * math.exp(-distance) for distance, _ in near]
    matrix = [
        [variance * math.exp(-math.dist(one[:-1], two[:-1])) + (noise if one is two else 0.0) for _, two in near]
        for _, one in near
    ]
    solved = solve(matrix, [[network[-1], weight] for (_, network), weight in zip(near, cross, strict=True)])
    correction = math.fsum(weight * row[0] for weight, row in zip(cross, solved, strict=True))
    explained = math.fsum(weight * row[1] for weight, row in zip(cross, solved, strict=True))
    return correction, variance + noise - explained
