"""How far times of boosted trees are off on a processor or GPU that was left out, and the ranges that follow from it."""

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

Errors = Sequence[tuple[Kind, float]]


def tree_split() -> SplitResult:
    """The split that leaves processors and GPUs out one by one, with every machine that has them; a range judges that has not seen it."""
    judged = []
    for device, of in _unseen_errors().items():
        ranges = _half_widths(device)
        judged += [
            Foretold(
                log_error=error,
                half_width=ranges[kind],
                width=math.exp(2 * ranges[kind]),
                groups={"device": device, "tool": kind[0]},
            )
            for kind, error in of
        ]
    return split_of(
        SPLIT,
        "modelled",
        "a whole processor or GPU that trained boosted trees",
        "the other processors or GPUs; what a newer release changes",
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
            machines=len({where for where, of in _errors().items() for one, _ in of if one == kind}),
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
    for (device, _), of in _errors().items():
        for kind, error in of if device != without else ():
            found.setdefault(kind, []).append(error)
    return found


def _errors() -> Mapping[tuple[str, str], Errors]:
    """By device and machine left out: of all its machines as of an unknown device, and of one as of a device that another has."""
    return {**{(device, ""): of for device, of in _unseen_errors().items()}, **_seen_errors()}


@cache
def _unseen_errors() -> Mapping[str, Errors]:
    """By device: its rows as foretold without any machine that has it."""
    return {device: _foretold(machines) for device, machines in _shipped().machines_of().items()}


@cache
def _seen_errors() -> Mapping[tuple[str, str], Errors]:
    """By device and machine: its rows as foretold with the other machines that have the device, where there are any."""
    return {
        (device, machine): _foretold(frozenset({machine}))
        for device, machines in _shipped().machines_of().items()
        for machine in sorted(machines)
        if len(machines) > 1
    }


def _foretold(machines: frozenset[str]) -> Errors:
    """Kind, and natural log of foretold over measured rate, of each row of some machines as the others foretell it."""
    return [
        (
            (row.tool, row.cores is None, foretold.basis is not Basis.MODELLED),
            _shipped().log_newest(row) - foretold.log_seconds,
        )
        for row, foretold in _shipped().left_out(machines)
    ]


@cache
def _shipped() -> TreeKnowledge:
    return TreeKnowledge(load_tree_rows())
