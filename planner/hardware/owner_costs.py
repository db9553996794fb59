"""What a large machine costs its owner besides cards, host and power: hosting, staff, upkeep, network, cost of money."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from planner.hardware.tables import read_table
from planner.model.frozen import dataclass

LARGE_USD = 50_000.0
"""Purchase from which on a machine is run by somebody, in a place that is paid for. Below, a desk and its owner's time: an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerCost:
    """One figure of `data/owner_costs.csv` with its range, unit and source."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    as_of: str
    source: str
    note: str


@cache
def owner_costs() -> Mapping[str, OwnerCost]:
    """Every figure of the shipped table by its name."""
    return read_table("owner_costs.csv", OwnerCost, lambda row: row.name)
