"""The splits that judge figures for strangers' runs: whole implementations and repositories left out, one own measurement.

Errors, coverage and width give each implementation the weight 1. All that is learnt between sources (both parts of the
range, ratios of formats, levels) is learnt again without the model that is judged, or without the repository.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planner.accuracy.results import ErrorSummary, SplitResult
from planner.throughput.between import NO_BATCH, parts_of
from planner.throughput.ranges import together

if TYPE_CHECKING:
    from planner.accuracy.learning.leave_out_sources import SourceError
    from planner.accuracy.learning.left_out import Evidence
    from planner.throughput.learnt import Record

OWN_STEPS = {"count": "number of GPUs", "gpu": "GPU", "both": "GPU and number", "format": "number format"}
SOURCE_SPLITS = {
    # name: (basis, what leaves, what the prediction may still use)
    "source": (
        "measured and scaled",
        "an implementation: repository, framework, input size",
        "what other implementations measured of the model",
    ),
    "source_arithmetic": ("modelled", "every implementation of a model", "its multiply-adds; activations where known"),
    "repository": ("all", "a whole repository", "other repositories' rows of the model, else its arithmetic"),
    **{
        f"own_{step}": ("scaled", "a whole model but one cell", f"that cell and both batches; another {what}")
        for step, what in OWN_STEPS.items()
    },
    "own_format_known": (
        "scaled",
        "an implementation but one cell",
        "that cell and both batches, others' rows of the model; another number format",
    ),
    **{
        f"own_{step}{NO_BATCH}": (
            "scaled",
            "a whole model but one cell",
            f"that cell without its batch; another {what}",
        )
        for step, what in OWN_STEPS.items()
    },
}


def source_splits(evidence: Evidence, variances: Mapping[str, Any], wanted: Sequence[str]) -> tuple[SplitResult, ...]:
    """The splits named, in the order of the report; takes minutes and needs numpy."""
    chosen = [name for name in SOURCE_SPLITS if name in wanted]
    if not chosen:
        return ()
    from planner.accuracy.learning.leave_out_sources import (  # noqa: PLC0415 - needs numpy
        all_source_errors,
        repository_errors,
    )

    judged: dict[str, list[Judged]] = {}
    if set(chosen) - {"repository"}:
        errors = all_source_errors(evidence, variances)
        judged |= {name: _judged_by_model(name, errors) for name in chosen if name != "repository"}
    if "repository" in chosen:
        judged["repository"] = [
            one
            for learnt_from, left_out in repository_errors(evidence, variances)
            for one in _judged(left_out, learnt_from)
        ]
    return tuple(_result(name, judged[name]) for name in chosen)


class Judged:
    """A left-out cell beside its corrected figure and its range."""

    def __init__(self, error: SourceError, learnt: Record) -> None:
        """Correct the figure and widen its range as planning does, by what was learnt without it."""
        from planner.accuracy.learning.between import corrected  # noqa: PLC0415 - needs numpy

        self.source = error
        self.log_error = corrected(error, learnt)
        parts = parts_of(error.situation, learnt)
        self.below, self.above = together(parts.common, parts.below), together(parts.common, parts.above)

    @property
    def relative_error(self) -> float:
        """Predicted over measured, less one."""
        return math.expm1(-self.log_error)

    @property
    def is_held(self) -> bool:
        """Whether the measured figure lies inside the range."""
        return -self.below <= self.log_error <= self.above

    @property
    def width(self) -> float:
        """High over low."""
        return math.exp(self.below + self.above)


def _judged_by_model(split: str, errors: Sequence[SourceError]) -> list[Judged]:
    from planner.accuracy.learning.implementations import TIMM  # noqa: PLC0415 - needs numpy

    found = []
    for model in dict.fromkeys(one.model for one in errors if one.split == split):
        # timm's own networks are where arithmetic was learnt: the split `model` judges them
        mine = [one for one in errors if (one.model, one.split) == (model, split)]
        mine = [one for one in mine if split != "source_arithmetic" or one.origin != TIMM]
        found += _judged(mine, [one for one in errors if one.model != model])
    return found


def _judged(errors: Sequence[SourceError], learnt_from: Sequence[SourceError]) -> list[Judged]:
    from planner.accuracy.learning.between import learnt_between  # noqa: PLC0415 - needs numpy

    learnt = learnt_between(learnt_from)
    return [Judged(one, learnt) for one in errors]


def _result(split: str, judged: Sequence[Judged]) -> SplitResult:
    basis, leaves, known = SOURCE_SPLITS[split]
    names = {
        "stack_class": sorted({one.source.stack_class for one in judged}),
        "repository": sorted({one.source.origin for one in judged}),
        "number_format": sorted({one.source.width for one in judged}),
        "implementation": sorted({one.source.implementation for one in judged}),
    }
    attributes = {"stack_class": "stack_class", "repository": "origin", "number_format": "width"}
    groups = {
        kind: tuple(
            source_summary(name, [one for one in judged if getattr(one.source, attributes.get(kind, kind)) == name])
            for name in found
        )
        for kind, found in names.items()
    }
    return SplitResult(
        split=split,
        basis=basis,
        left_out=leaves,
        still_known=known,
        errors=source_summary("prediction", judged),
        baselines=(),
        groups=groups,
    )


def source_summary(name: str, judged: Sequence[Judged]) -> ErrorSummary:
    """Errors, coverage and width of left-out cells, each implementation with the weight 1; `n` counts implementations."""
    from planner.accuracy.learning.between import weighted_quantile  # noqa: PLC0415 - needs numpy

    by_implementation: dict[str, list[Judged]] = {}
    for one in judged:
        by_implementation.setdefault(one.source.implementation, []).append(one)
    sizes = {key: [abs(one.relative_error) for one in mine] for key, mine in by_implementation.items()}
    widths = {key: [one.width for one in mine] for key, mine in by_implementation.items()}
    return ErrorSummary(
        name=name,
        n=len(by_implementation),
        median=weighted_quantile(sizes, 0.5),
        mean=statistics.fmean(statistics.fmean(mine) for mine in sizes.values()),
        p90=weighted_quantile(sizes, 0.9),
        bias=statistics.fmean(
            statistics.fmean(one.relative_error for one in mine) for mine in by_implementation.values()
        ),
        coverage=statistics.fmean(statistics.fmean(one.is_held for one in mine) for mine in by_implementation.values()),
        width=weighted_quantile(widths, 0.5),
    )
