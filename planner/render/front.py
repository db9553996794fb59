"""Time against money as a picture of characters, with the front that no other estimate beats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.model.records import Estimate
from planner.render.listing import significant
from planner.results.recommendation import Way
from planner.units import hours

FRONT, OTHER = "*", "."
HEIGHT = 14


def front_picture(estimates: Sequence[Estimate | Way], *, width: int = 72, height: int = HEIGHT) -> str:
    """Estimates by hours (across) and USD (up), both logarithmic; `*` are on the Pareto front, `.` are beaten.

    Those of no cost, which a logarithm cannot show, lie on the bottom line.
    """
    priced = [estimate for estimate in estimates if estimate.usd > 0]
    if not priced:
        return ""
    across = _Axis([hours(estimate.seconds) for estimate in estimates], width - 12)
    up = _Axis([estimate.usd for estimate in priced], height)
    cells: dict[tuple[int, int], str] = {}
    for estimate in estimates:
        row = up.place(estimate.usd) if estimate.usd > 0 else 0
        key = (row, across.place(hours(estimate.seconds)))
        if cells.get(key) != FRONT:
            cells[key] = FRONT if estimate.is_pareto else OTHER
    lines = ["USD"]
    for row in reversed(range(height)):
        label = {height - 1: significant(up.high), 0: significant(up.low)}.get(row, "")
        drawn = "".join(cells.get((row, column), " ") for column in range(across.cells))
        lines.append(f"{label:>10} |{drawn}".rstrip())
    left, right = significant(across.low), f"{significant(across.high)} hours"
    lines.append(" " * 11 + "+" + "-" * across.cells)
    lines.append(" " * 12 + left + right.rjust(across.cells - len(left)))
    lines.append(f"{FRONT} nothing else is both faster and cheaper   {OTHER} beaten")
    return "\n".join(lines) + "\n"


class _Axis:
    """Maps values to cells, evenly by their logarithm."""

    def __init__(self, values: Sequence[float], cells: int) -> None:
        self.low, self.high, self.cells = min(values), max(values), cells

    def place(self, value: float) -> int:
        if self.high == self.low:
            return 0
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(self.cells - 1, int(share * self.cells))
