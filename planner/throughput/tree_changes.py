"""What other columns, rounds and depths than the measured change of boosted trees: wide, or refused, never in silence."""

from __future__ import annotations

import math

from planner.errors import NoThroughputError
from planner.model.frozen import dataclass
from planner.model.tree_runs import TreeRun

MEASURED_FEATURES, MEASURED_ROUNDS, MEASURED_DEPTH = 8, 100, 10
"""Every row is of the airline data with eight columns, 100 rounds and depth 10."""

FEWEST_FEATURES, MOST_FEATURES = 2, 100
SHALLOWEST, DEEPEST = 4, 13
FEWEST_ROUNDS, MOST_ROUNDS = 10, 10_000
FIXED_SHARE = 0.5
"""The most of a run that may not depend on its rounds: bins and copies are made once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A factor on the time as a natural log, what it may be below and above that, and how to say so."""

    log: float = 0.0
    below: float = 0.0
    above: float = 0.0
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def change_of(run: TreeRun) -> Change:
    """The factor for another number of columns, another depth and another number of rounds than were measured.

    columns: between no change and in proportion; depth: between in proportion to the levels and to the leaves;
    rounds: between in proportion and with half of the time fixed.

    Raises:
        NoThroughputError: one of them is so far off that nothing can be said.
    """
    _refuse(run)
    parts: list[tuple[str, float, float]] = []  # what differs, and both ends of its factor as natural logs
    if run.features != MEASURED_FEATURES:
        ratio = math.log(run.features / MEASURED_FEATURES)
        parts.append((f"{run.features} columns, not {MEASURED_FEATURES}", min(0.0, ratio), max(0.0, ratio)))
    if run.depth != MEASURED_DEPTH:
        levels = math.log(run.depth / MEASURED_DEPTH)
        leaves = (run.depth - MEASURED_DEPTH) * math.log(2)
        parts.append((f"depth {run.depth}, not {MEASURED_DEPTH}", min(levels, leaves), max(levels, leaves)))
    if run.rounds != MEASURED_ROUNDS:
        times = run.rounds / MEASURED_ROUNDS
        whole, part = math.log(times), math.log(FIXED_SHARE + (1 - FIXED_SHARE) * times)
        parts.append((f"{run.rounds:,} rounds, not {MEASURED_ROUNDS}", min(whole, part), max(whole, part)))
    return Change(
        log=math.fsum((low + high) / 2 for _, low, high in parts),
        below=math.fsum((high - low) / 2 for _, low, high in parts),
        above=math.fsum((high - low) / 2 for _, low, high in parts),
        steps=tuple(f"{what}: time x {math.exp(low):.3g} to {math.exp(high):.3g}" for what, low, high in parts),
        notes=tuple(f"{what}: modelled, nothing like it was measured" for what, _, _ in parts),
    )


def _refuse(run: TreeRun) -> None:
    limits = (
        ("features", run.features, FEWEST_FEATURES, MOST_FEATURES, MEASURED_FEATURES),
        ("depth", run.depth, SHALLOWEST, DEEPEST, MEASURED_DEPTH),
        ("rounds", run.rounds, FEWEST_ROUNDS, MOST_ROUNDS, MEASURED_ROUNDS),
    )
    for name, given, low, high, measured in limits:
        if not low <= given <= high:
            raise NoThroughputError(
                f"{{{name}}} {{given:,}}: all that was measured has {{known}}, and nothing is said beyond {{low}} to {{high:,}}. "
                "Measure a short run and give {measured} with a name of your own as {model}",
                argument=name,
                given=given,
                known=measured,
                low=low,
                high=high,
            )
