"""Carries one or a few measurements of a model to every other GPU.

How models of the same class respond to each GPU, with the covariance between GPUs, is in `carry.jsonl`. The level of the
model is free; the measurements fix it, and two or more also show how its response differs from that of its class:

    mean(t) = prior(t) + k_t (K + noise)^-1 (measured - prior),   variance(t) = k_tt - k_t (K + noise)^-1 k_t'
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.model.frozen import dataclass
from planner.throughput.learnt import Record
from planner.throughput.linear import dot, solve
from planner.throughput.ranges import reach

CONTRADICTION = 3.2  # times what nine in ten are off by; machines and software explain half of that
LEVEL_VARIANCE = 1e6  # of the natural logarithm: any unit, any size of model


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One measured natural log rate of one GPU, its number format and the standard deviation of the measurement."""

    gpu: str
    width: str
    log_rate: float
    deviation: float


class Carried:
    """Predicts the speed of a model on every GPU from its measurements on some."""

    def __init__(self, fit: Record, sightings: Sequence[Sighting]) -> None:
        self._means, self._factors, self._own = fit["mean"], fit["factors"], fit["own"]
        self._noise: float = fit["noise"]
        self._places = {place: index for index, place in enumerate(fit["places"])}
        self._seen = [self._places[f"{seen.gpu}|{seen.width}"] for seen in sightings]
        size = len(sightings)
        matrix = [[self._covariance(one, two) for two in self._seen] for one in self._seen]
        for index, seen in enumerate(sightings):
            matrix[index][index] += seen.deviation**2
        identity = [[float(row == column) for column in range(size)] for row in range(size)]
        self._inverse = solve(matrix, identity)
        surprise = [seen.log_rate - self._means[place] for seen, place in zip(sightings, self._seen, strict=True)]
        self._weights = [dot(row, surprise) for row in self._inverse]
        self._sightings = sightings

    def log_rate(self, gpu: str, width: str) -> tuple[float, float]:
        """Natural log rate on one GPU in one number format, and its standard deviation."""
        place = self._places[f"{gpu}|{width}"]
        cross = [self._covariance(place, seen) for seen in self._seen]
        explained = dot(cross, [dot(row, cross) for row in self._inverse])
        variance = self._covariance(place, place) - explained
        return self._means[place] + dot(cross, self._weights), math.sqrt(max(variance, 0.0) + self._noise)

    def has_seen(self, width: str) -> bool:
        """Whether any measurement is of this number format."""
        return any(seen.width == width for seen in self._sightings)

    def contradiction(self) -> Sighting | None:
        """The measurement that the others contradict most, if by far more than left-out measurements are off; else `None`.

        Left out, measurement i is off by w_i / P_ii with standard deviation P_ii ** -0.5, P being the inverse and w = P (y - prior).
        """
        strangeness = [
            abs(weight) / math.sqrt(row[i])
            for i, (weight, row) in enumerate(zip(self._weights, self._inverse, strict=True))
        ]
        limit = CONTRADICTION * reach("carried", 1.0)
        worst = max(range(len(strangeness)), key=strangeness.__getitem__)
        return self._sightings[worst] if len(strangeness) > 1 and strangeness[worst] > limit else None

    def _covariance(self, one: int, two: int) -> float:
        own = self._own[one] if one == two else 0.0
        return LEVEL_VARIANCE + dot(self._factors[one], self._factors[two]) + own
