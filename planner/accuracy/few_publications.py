"""Ranges from few publications: Student's t with the weight that the mean of all classes has."""

from __future__ import annotations

import math
from collections.abc import Sequence

PRIOR = 4
"""Publications that the mean of all classes counts as, in the variances of each."""
T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
"""The 95 % quantile of Student's t for 1, 2 ... 15 degrees of freedom; the last also beyond."""


def t_quantile(publications: int) -> float:
    """The 95 % quantile for a spread of so many publications, drawn towards the usual one.

    >>> t_quantile(5)
    1.86
    """
    return T_95[min(publications + PRIOR - 1, len(T_95)) - 1]


def drawn(variance: float | None, publications: int, usual: float) -> float:
    """A variance drawn towards the usual one with the weight of `PRIOR` publications; the usual one if there is none.

    >>> drawn(0.01, 4, 0.03)
    0.02
    """
    return usual if variance is None else (publications * variance + PRIOR * usual) / (publications + PRIOR)


def weighted_quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The smallest value that at least that share of the weight does not exceed.

    >>> weighted_quantile([3.0, 1.0, 2.0], [1.0, 1.0, 1.0], 0.5)
    2.0
    """
    wanted, total = share * math.fsum(weights), 0.0
    for value, weight in sorted(zip(values, weights, strict=True)):
        total += weight
        if total >= wanted * (1 - 1e-12):
            return value
    raise ValueError("no values")
