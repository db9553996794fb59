"""What boosted trees are trained on: rows, columns, rounds and depth."""

from __future__ import annotations

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRun:
    """One training of boosted trees: `rounds` trees of `depth` levels on `rows` x `features` values."""

    tool: str
    rows: float
    features: int
    rounds: int
    depth: int


def pass_name(run: TreeRun | None) -> str:
    """What one pass over the data is called: of boosted trees a round."""
    return "epoch" if run is None else "round"
