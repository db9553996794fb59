"""Where the level of a sequence changes: the best cut into parts of one level each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLIP = 0.25
LEAST_PENALTY, PENALTY_PER_POINT = 0.25, 0.02


def change_points(values: Sequence[float], weights: Sequence[float]) -> list[tuple[int, int]]:
    """The parts of the best partition as index ranges (start, end), in order.

    It has the least sum of |value - weighted median of its part|, each at most `CLIP`, plus a penalty for each part. Weights count
    relative to their mean.

    >>> change_points([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [1] * 10)
    [(0, 5), (5, 10)]
    >>> change_points([0, 0, 0, 9, 0, 0, 0], [1] * 7)
    [(0, 7)]
    """
    import numpy as np  # noqa: PLC0415 - takes a tenth of a second, and only logs need it

    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    w = w / w.mean()
    count = len(x)
    penalty = max(LEAST_PENALTY, PENALTY_PER_POINT * count)
    best, cut = np.full(count + 1, np.inf), [0] * (count + 1)
    best[0] = -penalty
    for start in range(count):
        costs = best[start] + penalty + _costs_from(x[start:], w[start:])
        better = np.flatnonzero(costs < best[start + 1 :] - 1e-12)
        best[start + 1 + better] = costs[better]
        for index in better:
            cut[start + 1 + int(index)] = start
    parts, end = [], count
    while end > 0:
        parts.append((cut[end], end))
        end = cut[end]
    return parts[::-1]


def _costs_from(x: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Costs of the parts that begin at the first value and end after each of them."""
    import numpy as np  # noqa: PLC0415

    order = np.argsort(x, kind="stable")
    # row j holds the weights of the first j + 1 values, in the order of their size
    held = np.where(order[None, :] <= np.arange(len(x))[:, None], w[order][None, :], 0.0)
    sums = np.cumsum(held, axis=1)
    middle = x[order][np.argmax(sums >= sums[:, -1:] / 2 - 1e-12, axis=1)]
    deviations = np.minimum(np.abs(x[None, :] - middle[:, None]), CLIP) * w[None, :]
    costs: NDArray[np.float64] = np.tril(deviations).sum(axis=1)
    return costs
