"""The cost of a commitment to a single run: the whole term, used or not."""

from __future__ import annotations

import math

from planner.model.costs import CostItem, ItemKind
from planner.model.records import Offer, Purchase
from planner.units import HOURS_PER_YEAR

TERM_HOURS = {
    Purchase.RESERVED_1Y: HOURS_PER_YEAR,
    Purchase.SAVINGS_1Y: HOURS_PER_YEAR,
    Purchase.RESERVED_3Y: 3 * HOURS_PER_YEAR,
    Purchase.SAVINGS_3Y: 3 * HOURS_PER_YEAR,
}
"""Hours that are paid from the day the commitment is made, in use or not."""

BLOCK_DAYS = (*range(1, 15), *range(21, 183, 7))
"""Lengths a capacity block is sold in: 1 to 14 days, then whole weeks up to 26.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html, read 2026-11-20."""

BLOCK_LOST_HOURS = 0.5
"""Instances of a capacity block are ended 30 minutes before the block is (same page)."""


def term_hours(purchase: Purchase, used_hours: float) -> float | None:
    """Hours that must be paid in order to use so many; `None` if no capacity block is that long.

    A commitment is bought again when its term is over; a capacity block is not, it must hold the whole run.

    >>> term_hours(Purchase.RESERVED_1Y, 10.0), term_hours(Purchase.CAPACITY_BLOCK, 23.6)
    (8760.0, 48.0)
    """
    if purchase is Purchase.CAPACITY_BLOCK:
        return next((24.0 * days for days in BLOCK_DAYS if 24 * days - BLOCK_LOST_HOURS >= used_hours), None)
    term = TERM_HOURS.get(purchase)
    return used_hours if term is None else float(term * max(1, math.ceil(used_hours / term)))


def unused_item(offer: Offer, used_hours: float, node_count: int = 1) -> tuple[CostItem, ...]:
    """The item for hours of the term that the run pays and does not use; none where it uses them all.

    Raises:
        ValueError: no capacity block is that long.
    """
    paid = term_hours(offer.purchase, used_hours)
    if paid is None:
        raise ValueError(f"no capacity block holds {used_hours:g} hours")
    if paid <= used_hours:
        return ()
    return (
        CostItem(
            name="unused rest of the term",
            kind=ItemKind.UNUSED_TERM,
            quantity=(paid - used_hours) * node_count,
            unit="instance-hour",
            usd_per_unit=offer.usd_per_hour,
        ),
    )


def break_even_fraction(committed_usd_per_hour: float, on_demand_usd_per_hour: float) -> float | None:
    """Share of the term that must be used for the commitment to cost as much as the same hours on demand.

    committed / on demand; `None` where the commitment is no cheaper per hour, so that it never pays.

    >>> break_even_fraction(6.0, 10.0)
    0.6
    """
    fraction = committed_usd_per_hour / on_demand_usd_per_hour
    return fraction if fraction < 1 else None


def commitment_note(offer: Offer, used_hours: float, on_demand_usd_per_hour: float | None, *, is_shared: bool) -> str:
    """A sentence on the part of the term that is used, and the use from which on the commitment pays."""
    paid = term_hours(offer.purchase, used_hours) or used_hours
    who = "the rest is taken as used by others" if is_shared else "the rest is paid and unused"
    used = f"{offer.purchase}: this run uses {used_hours / paid:.2%} of the {paid:,.0f} hours; {who}"
    if on_demand_usd_per_hour is None:
        return f"{used}; no price on demand there to compare with"
    fraction = break_even_fraction(offer.usd_per_hour, on_demand_usd_per_hour)
    against = f"against {on_demand_usd_per_hour:g} USD/h on demand"
    return f"{used}; it {'never pays' if fraction is None else f'pays from {fraction:.1%} use on'} {against}"
