"""The region that stands for a machine: of those that ask the same, the one that most people can use at once."""

from __future__ import annotations

from planner.answers.pricing import Pricing, priced_at
from planner.answers.ranking import Priced
from planner.hardware.access import Access, access_to
from planner.model.records import Offer
from planner.prices.groups import offer_name

SAME_PRICE = 1.01
"""Regions whose prices differ by no more are taken as equal: nobody moves data for 1 %."""


def best_region(pricing: Pricing, one: Priced) -> tuple[Priced, int]:
    """The row of its group to show in place of `one`, and how many other regions ask the same, within 1 %.

    First a region that need not be switched on, then the one in which the provider has most offers, then by name.
    """
    alike: list[Offer] = []
    for offer in one.group.members():
        if offer.usd_per_hour > SAME_PRICE * one.offer.usd_per_hour:
            break
        if not pricing.bars.is_closed(offer):
            alike.append(offer)
    regions = {offer.region for offer in alike}
    if len(regions) < 2:
        return one, 0
    sizes = pricing.offered.region_sizes(one.offer.provider)

    def place(offer: Offer) -> tuple[bool, int, float, tuple[str, ...]]:
        is_opt_in = access_to(offer.provider, offer.region) is Access.OPT_IN
        return is_opt_in, -sizes.get(offer.region, 0), offer.usd_per_hour, offer_name(offer)

    best = priced_at(pricing, one, min(alike, key=place))
    return (one, 0) if best is None else (best, len(regions) - 1)
