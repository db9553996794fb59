"""How far times of boosted trees are off on a machine that was left out, and the ranges that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from planner.accuracy.results import SplitResult
from planner.accuracy.summaries import Foretold, split_of
from planner.model.records import Basis
from planner.throughput.tree_rows import TreeRange, load_tree_rows
from planner.throughput.trees_known import TreeKnowledge

SPLIT = "tree_machine"
SHARE = 0.9
"""Of the errors of other machines so many lie within a range."""
LEAST = 0.10
"""Half width at least: the same machine and release run again differ so much (ln 1.1)."""

Kind = tuple[str, bool, bool]
"""Tool, whether it ran on a GPU, and whether its device was known from another machine."""


def tree_split() -> SplitResult:
    """The split that leaves machines out one by one; each is judged by a range that has not seen it."""
    judged = []
    for machine in _errors():
        ranges = _half_widths(machine)
        judged += [
            Foretold(
                log_error=error,
                half_width=ranges[kind],
                width=math.exp(2 * ranges[kind]),
                groups={"device": device, "tool": kind[0], "machine": machine},
            )
            for kind, device, error in _errors()[machine]
        ]
    return split_of(
        SPLIT,
        "scaled and modelled",
        "a whole machine that trained boosted trees",
        "the other machines; what a newer release changes",
        judged,
    )


def tree_ranges() -> tuple[TreeRange, ...]:
    """The rows of `data/tree_ranges.csv`."""
    widths, by_kind = _half_widths(None), _by_kind(None)
    newest = max(row.as_of for row in load_tree_rows())
    return tuple(
        TreeRange(
            tool=kind[0],
            is_gpu=kind[1],
            is_known=kind[2],
            errors=len(by_kind.get(kind, ())),
            machines=len({machine for machine, of in _errors().items() for one, _, _ in of if one == kind}),
            half_width_ln=round(widths[kind], 4),
            source="tree_runs.csv",
            as_of=newest,
        )
        for kind in sorted(widths)
    )


def _half_widths(without: str | None) -> Mapping[Kind, float]:
    """Half width by kind: the 90 % quantile of the errors; of a kind with fewer than nine, of all tools on such devices."""
    by_kind = _by_kind(without)
    found = {}
    for tool in ("catboost", "lightgbm", "xgboost"):
        for is_gpu in (False, True):
            for is_known in (False, True):
                errors = by_kind.get((tool, is_gpu, is_known), [])
                if len(errors) < math.ceil(SHARE / (1 - SHARE)):
                    errors = [each for kind, of in by_kind.items() if kind[1:] == (is_gpu, is_known) for each in of]
                if not errors:  # no GPU ran in two machines: as a processor that did
                    errors = [each for kind, of in by_kind.items() if kind[::2] == (tool, is_known) for each in of] or [
                        each for kind, of in by_kind.items() if kind[2] == is_known for each in of
                    ]
                found[tool, is_gpu, is_known] = max(LEAST, _quantile(errors))
    return found


def _quantile(errors: Sequence[float]) -> float:
    ordered = sorted(map(abs, errors))
    return ordered[min(len(ordered), math.ceil((len(ordered) + 1) * SHARE)) - 1]


def _by_kind(without: str | None) -> Mapping[Kind, list[float]]:
    found: dict[Kind, list[float]] = {}
    for machine, of in _errors().items():
        for kind, _, error in of if machine != without else ():
            found.setdefault(kind, []).append(error)
    return found


@cache
def _errors() -> Mapping[str, Sequence[tuple[Kind, str, float]]]:
    """By machine left out: kind, device and natural log of foretold over measured rate of each of its rows."""
    known = TreeKnowledge(load_tree_rows())
    return {
        machine: [
            (
                (row.tool, row.cores is None, foretold.basis is not Basis.MODELLED),
                row.device,
                known.log_newest(row) - foretold.log_seconds,
            )
            for row, foretold in known.left_out(machine)
        ]
        for machine in known.machines
    }
