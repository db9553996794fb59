"""Splits of a few devices: errors with the ranges they were foretold with, put together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from planner.accuracy.results import ErrorSummary, SplitResult
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """One figure foretold without its device.

    Attributes:
        log_error: the natural log of foretold over measured.
        half_width: from the figure to the end of its range on the side of the measurement, as a natural log.
        width: high over low of the range.
    """

    log_error: float
    half_width: float
    width: float
    groups: Mapping[str, str]


def split_of(name: str, basis: str, left_out: str, still_known: str, judged: Sequence[Foretold]) -> SplitResult:
    """The split with its groups, each with coverage and width."""
    kinds = dict.fromkeys(kind for one in judged for kind in one.groups)
    return SplitResult(
        split=name,
        basis=basis,
        left_out=left_out,
        still_known=still_known,
        errors=_summary("prediction", judged),
        baselines=(),
        groups={
            kind: tuple(
                _summary(value, [one for one in judged if one.groups[kind] == value])
                for value in sorted({one.groups[kind] for one in judged})
            )
            for kind in kinds
        },
    )


def summary(name: str, errors: Sequence[float], held: Sequence[bool] = ()) -> ErrorSummary:
    """Median, mean and 90th percentile of the absolute errors, their signed mean, and the share inside the range.

    >>> summary("x", [0.1, -0.2, 0.3]).median
    0.2
    """
    sizes = sorted(map(abs, errors))
    position = 0.9 * (len(sizes) - 1)
    below = math.floor(position)
    above = min(below + 1, len(sizes) - 1)
    return ErrorSummary(
        name=name,
        n=len(sizes),
        median=statistics.median(sizes),
        mean=statistics.fmean(sizes),
        p90=sizes[below] + (position - below) * (sizes[above] - sizes[below]),
        bias=statistics.fmean(errors),
        coverage=statistics.fmean(held) if held else None,
    )


def _summary(name: str, judged: Sequence[Foretold]) -> ErrorSummary:
    found = summary(
        name,
        [math.expm1(one.log_error) for one in judged],
        [abs(one.log_error) <= one.half_width for one in judged],
    )
    return replace(found, width=statistics.median(one.width for one in judged))
