"""What running a bought machine costs besides power: as given, else for large machines as the shipped table has it, else nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.hardware.machines import LOAD_FRACTION, Machine
from planner.hardware.owner_costs import LARGE_USD, owner_costs
from planner.model.frozen import dataclass
from planner.options.owner_arguments import OwnerArguments
from planner.units import WATTS_PER_KILOWATT

USUAL = {
    "hosting_usd_per_month": "hosting",
    "staff_usd_per_month": "staff",
    "maintenance_fraction_per_year": "maintenance",
    "networking_usd": "networking",
    "discount_per_year": "cost_of_money",
}
"""Fields of the terms and the rows of `data/owner_costs.csv` they are from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """The terms of upkeep by the name of their field, and the ranges of those that the shipped table fills in."""

    terms: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]


def upkeep_of(machine: Machine, asked: OwnerArguments, *, is_owned_already: bool) -> Upkeep:
    """Hosting, staff, maintenance, networking and cost of money of a machine, each as given or as usual for its size.

    From a purchase of 50,000 USD on the usual figure is that of `data/owner_costs.csv`; below it, and for a machine that is
    there already, 0.
    """
    purchase_usd = machine.cards.usd + machine.host.usd
    usual = {} if is_owned_already or purchase_usd < LARGE_USD else _usual(machine, purchase_usd)
    options: Mapping[str, Any] = asked
    given: dict[str, float | None] = {field: options[field] for field in USUAL}
    filled = {field: usual[field] for field, value in given.items() if value is None and field in usual}
    return Upkeep(
        terms={
            field: value if value is not None else filled[field][0] if field in filled else 0.0
            for field, value in given.items()
        },
        ranges={field: (ends[1], ends[2]) for field, ends in filled.items()},
    )


def _usual(machine: Machine, purchase_usd: float) -> dict[str, tuple[float, ...]]:
    """The usual terms of a large machine, each with its low and high end."""
    kilowatts = ((machine.card_watts or 0.0) / LOAD_FRACTION + (machine.host_watts or 0.0)) / WATTS_PER_KILOWATT
    factors = {
        "hosting_usd_per_month": kilowatts,
        "staff_usd_per_month": machine.machine_count,
        "maintenance_fraction_per_year": 1.0,
        "networking_usd": purchase_usd if machine.machine_count > 1 else 0.0,
        "discount_per_year": 1.0,
    }
    costs = owner_costs()
    return {
        field: tuple(
            one * factor for one in (costs[USUAL[field]].value, costs[USUAL[field]].low, costs[USUAL[field]].high)
        )
        for field, factor in factors.items()
        if factor
    }
