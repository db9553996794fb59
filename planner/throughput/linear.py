"""Small linear systems in plain Python: what prediction needs at run time, without numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence

Vector = list[float]
Rows = list[Vector]


def solve(matrix: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Rows:
    """X with `matrix` X = `right`, for a symmetric positive definite matrix; `right` has one row per row of the matrix.

    Gauss-Jordan without pivoting, which is stable for such matrices. Sizes here are below a hundred.

    >>> solve([[4.0, 2.0], [2.0, 3.0]], [[2.0], [1.0]])
    [[0.5], [0.0]]
    """
    size = len(matrix)
    work = [[*map(float, row), *map(float, extra)] for row, extra in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = work[column][column]
        work[column] = top = [value / pivot for value in work[column]]
        for index, row in enumerate(work):
            factor = row[column]
            if index != column and factor != 0.0:
                work[index] = [value - factor * above for value, above in zip(row, top, strict=True)]
    return [row[size:] for row in work]


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Sum of the products.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    return math.fsum(x * y for x, y in zip(a, b, strict=True))
