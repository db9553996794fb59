"""Ranges that hold nine measurements in ten: standard deviations times quantiles found on left-out rows.

For each kind of prediction the error of every left-out row is divided by the standard deviation that was claimed for it. The
90 % quantile of that ratio (split-conformal, per kind) is published in `fit.json`; a range is `figure x exp(+- quantile x sd)`.
"""

from __future__ import annotations

import math

from planner.throughput.fitted import load_fit


def reach(kind: str, deviation: float) -> float:
    """Half width of the 90 % range of a natural log rate.

    Args:
        kind: `cell` (the model is known on this GPU in another number format), `gpu` (this GPU is known, not with this
            model), `new_gpu` (no row of this GPU at all), `carried` (one or a few measurements of the model),
            `modelled` (its arithmetic only) or `scaling` (eta).
        deviation: the standard deviation claimed.
    """
    return float(load_fit()["quantiles"][kind]) * deviation


def together(*reaches: float) -> float:
    """Half width of a product of independent factors.

    >>> together(0.3, 0.4)
    0.5
    """
    return math.hypot(*reaches)
