"""How far measurements that nothing was learnt from lie from what is carried from one of them: the splits that begin with `apart`.

Each code (publication, script, model) stands in for a user: one of its cells is the own measurement, another one is asked for, both
with their batches where they are stated.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from planner.accuracy.between_sources import OWN_STEPS, Judged, source_summary
from planner.accuracy.results import SplitResult
from planner.throughput.knowledge import SHIPPED


def apart_split(step: str) -> SplitResult:
    """One of the splits; each code has the weight 1. What was looked at while the ranges were made is a group of its own."""
    from planner.accuracy.learning.publications import published_cells, steps_apart  # noqa: PLC0415 - needs numpy

    cells = published_cells()
    judged, looked_at = (
        [
            Judged(error, SHIPPED.between())
            for error in steps_apart(f"own_{step}", [cell for cell in cells if bool(cell.looked_at) == was])
        ]
        for was in (False, True)
    )
    classes = sorted({one.source.stack_class for one in judged})
    publications = sorted({one.source.origin for one in judged})
    return SplitResult(
        split=f"apart_{step}",
        basis="scaled",
        left_out="every row of the publication",
        still_known=f"one cell of a code, and batches where stated; another {OWN_STEPS[step]}",
        errors=source_summary("prediction", judged),
        baselines=(),
        groups={
            "looked_at": (
                source_summary("not looked at", judged),
                *([source_summary("looked at", looked_at)] if looked_at else []),
            ),
            "stack_class": tuple(
                source_summary(name, [one for one in judged if one.source.stack_class == name]) for name in classes
            ),
            "publication": tuple(
                source_summary(name, [one for one in judged if one.source.origin == name]) for name in publications
            ),
        },
    )


APART_SPLITS: Mapping[str, Callable[[], SplitResult]] = {
    f"apart_{step}": functools.partial(apart_split, step) for step in OWN_STEPS
}
"""By name."""
