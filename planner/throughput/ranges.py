"""Ranges that hold nine measurements in ten: standard deviations times quantiles found on left-out rows.

For each kind of prediction the error of every left-out row is divided by the standard deviation that was claimed for it. The
90 % quantile of that ratio (split-conformal, per kind) is published in `fit.json`; a range is `figure x exp(+- quantile x sd)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from planner.model.frozen import changed
from planner.model.records import Throughput
from planner.throughput.learnt import load_learnt


def reach(kind: str, deviation: float) -> float:
    """Half width of the 90 % range of a natural log rate.

    Args:
        kind: `cell` (the model is known on this GPU in another number format), `gpu` (this GPU is known, not with this
            model), `new_gpu` (no row of this GPU at all), `carried` (one or a few measurements of the model, `carried_format`:
            in another number format), `modelled` (its arithmetic only, `modelled_filled`: not all of it) or `scaling` (eta).
        deviation: the standard deviation claimed.
    """
    return float(load_learnt()["quantiles"][kind]) * deviation


def measured_reach(model: str, versions: int) -> float:
    """Half width of the range of a measured figure, besides the spread of its own rows.

    Args:
        model: tacotron2 and NCF differ more from run to run than all others.
        versions: software versions seen. One: as much as containers of the same generation differ. More: their own spread
            says that, and only the difference between machines is added.
    """
    measured = load_learnt()["quantiles"]["measured"]
    between_machines = measured["noisy_machines"] if model in measured["noisy_models"] else measured["machines"]
    return float(max(between_machines, measured["versions"] if versions == 1 else 0.0))


def together(*reaches: float) -> float:
    """Half width of a product of independent factors.

    >>> together(0.3, 0.4)
    0.5
    """
    return math.hypot(*reaches)


def holding(found: Throughput, others: Iterable[Throughput], note: str) -> Throughput:
    """The throughput with ranges that hold those of other readings of the same device, and a note where they are wider for it."""
    readings = (found, *others)
    relative = [one.relative_ends for one in readings]
    wider = changed(
        found,
        low=min(one.low for one in readings),
        high=max(one.high for one in readings),
        relative_low=min(low for low, _ in relative),
        relative_high=max(high for _, high in relative),
    )
    if (wider.low, wider.high) == (found.low, found.high):
        return found
    return changed(wider, notes=(*found.notes, note))
