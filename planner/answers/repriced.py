"""The same workload at the prices before and after a change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.cost.bill import items_at
from planner.model.costs import total_usd
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Purchase

Slot = tuple[str, str, float, Purchase]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepricedEstimate:
    """An estimate whose cost changed, and its cost before; `None` if the offer is new."""

    estimate: Estimate
    rank_before: int | None
    offer_before: Offer | None
    usd_before: float | None

    @property
    def change_fraction(self) -> float | None:
        """New over old cost, less one; `None` for a new offer."""
        return None if self.usd_before is None else self.estimate.usd / self.usd_before - 1


def repriced(estimates: Sequence[Estimate], before: Iterable[Offer]) -> list[RepricedEstimate]:
    """Estimates whose cost changed, in the order of the estimates.

    Time does not depend on price. So the cost before is that of the same items at the cheapest price before of the same
    provider, GPU, count and purchase; what is not paid by the hour of the instance stays. Ranks before are those of the costs before among offers that have
    an estimate now.

    Args:
        estimates: best region of each provider, GPU, count and purchase, at the prices after.
        before: every offer at the prices before.
    """
    cheapest: dict[Slot, Offer] = {}
    for offer in before:
        known = cheapest.get(_slot(offer))
        if known is None or offer.usd_per_hour < known.usd_per_hour:
            cheapest[_slot(offer)] = offer
    costs = {
        _slot(estimate.offer): total_usd(items_at(estimate.items, old.usd_per_hour))
        for estimate in estimates
        if (old := cheapest.get(_slot(estimate.offer))) is not None
    }
    ranks = {slot: rank for rank, slot in enumerate(sorted(costs, key=lambda slot: (costs[slot], slot)), start=1)}
    return [
        RepricedEstimate(
            estimate=estimate,
            rank_before=ranks.get(_slot(estimate.offer)),
            offer_before=cheapest.get(_slot(estimate.offer)),
            usd_before=costs.get(_slot(estimate.offer)),
        )
        for estimate in estimates
        if (old := cheapest.get(_slot(estimate.offer))) is None or old.usd_per_hour != estimate.offer.usd_per_hour
    ]


def _slot(offer: Offer) -> Slot:
    return (offer.provider, offer.gpu, offer.gpu_count, offer.purchase)
