"""The region that stands for a machine: of those that ask the same, the one that most people can use at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from planner.answers.pricing import Pricing, priced_at
from planner.answers.ranking import Priced
from planner.hardware.access import Access, access_to
from planner.model.frozen import changed
from planner.model.records import Estimate, Offer
from planner.prices.groups import offer_name

SAME_PRICE = 1.01
"""Regions whose prices differ by no more are taken as equal: nobody moves data for 1 %."""


FAR_BELOW = 1.5
"""From so many times the price on, other regions are said to be far dearer: the row stands on one price alone."""


class Region(NamedTuple):
    """A row in the region that stands for its machine.

    Attributes:
        row: the row there.
        others: how many more regions ask the same, within 1 %.
        usd_per_hour_elsewhere: what the next region asks where that is far more; `None` for most, and where there is none.
    """

    row: Priced
    others: int
    usd_per_hour_elsewhere: float | None

    def written(self, rank: int, *, is_pareto: bool = False) -> Estimate:
        """The estimate of the row, with a note where its price stands far below those of the other regions."""
        estimate = self.row.write(rank=rank, is_pareto=is_pareto)
        if self.usd_per_hour_elsewhere is None:
            return estimate
        offer = estimate.offer
        note = (
            f"{offer.region} alone asks {offer.usd_per_hour:,.2f} USD an hour, other regions {self.usd_per_hour_elsewhere:,.2f} "
            "and more: look whether it is still there before you count on it"
        )
        return changed(estimate, notes=(note, *estimate.notes))


def best_region(pricing: Pricing, one: Priced) -> Region:
    """The row of its group to show in place of `one`, and how its price lies among the regions.

    First a region that need not be switched on, then the one in which the provider has most offers, then by name.
    """
    is_open = (offer for offer in one.group.members() if not pricing.bars.is_closed(offer))
    offer, others, elsewhere = best_offer(is_open, one.offer, pricing.offered.region_sizes)
    best = priced_at(pricing, one, offer) if others else one
    return Region(one, 0, elsewhere) if best is None else Region(best, others, elsewhere)


def best_offer(
    members: Iterable[Offer], cheapest: Offer, sizes_of: Callable[[str], Mapping[str, int]]
) -> tuple[Offer, int, float | None]:
    """The offer of a group to show in place of its cheapest, how many more regions ask the same, and what the next asks if far more.

    Args:
        members: those of the group that are open, cheapest first.
        cheapest: the one that it stands for.
        sizes_of: how many offers a provider has in each of its regions.
    """
    alike: list[Offer] = []
    elsewhere: float | None = None
    for offer in members:
        if offer.usd_per_hour <= SAME_PRICE * cheapest.usd_per_hour:
            alike.append(offer)
        elif offer.instance_type == cheapest.instance_type:
            elsewhere = offer.usd_per_hour if offer.usd_per_hour >= FAR_BELOW * cheapest.usd_per_hour else None
            break
    regions = {offer.region for offer in alike}
    if len(regions) < 2:
        return cheapest, 0, elsewhere
    sizes = sizes_of(cheapest.provider)

    def place(offer: Offer) -> tuple[bool, int, float, tuple[str, ...]]:
        is_opt_in = access_to(offer.provider, offer.region) is Access.OPT_IN
        return is_opt_in, -sizes.get(offer.region, 0), offer.usd_per_hour, offer_name(offer)

    return min(alike, key=place), len(regions) - 1, elsewhere
