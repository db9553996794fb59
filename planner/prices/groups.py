"""Groups of offers on which a run takes exactly the same time, so that price alone orders them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from planner.hardware.spot import InterruptionRate, interruption_rate
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase

GroupKey = tuple[str, str, float, str, float | None, Purchase, date, InterruptionRate | None]
"""Provider, GPU, count, instance type, network, purchase, day of the price, and how often spot is taken back.

Time depends on the GPU and its count, the network (several machines, data on its way in) and the rate; the billing rule,
what the price leaves out and whether the type is retired follow from provider and type, the age from the day. Region,
zone, host and source are left: they have no part in time, and in money only by the price.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OfferGroup:
    """The offers that share one `GroupKey`.

    Attributes:
        head: the cheapest, of equally cheap ones the first by name.
        size: how many there are.
        members: gives all of them by price and name, `head` first; they may have to be read for it.
    """

    head: Offer
    size: int
    members: Callable[[], Sequence[Offer]]


def grouped(offers: Iterable[Offer]) -> list[OfferGroup]:
    """The groups of these offers, in the order of their first."""
    found: dict[GroupKey, list[Offer]] = {}
    for offer in offers:
        found.setdefault(group_key(offer), []).append(offer)
    return [_group(members) for members in found.values()]


def group_key(offer: Offer) -> GroupKey:
    """The key that the offer shares with all others of its group."""
    return (
        offer.provider,
        offer.gpu,
        offer.gpu_count,
        offer.instance_type,
        offer.network_gbps,
        offer.purchase,
        offer.observed_on,
        interruption_rate(offer) if offer.purchase is Purchase.SPOT else None,
    )


def offer_name(offer: Offer) -> tuple[str, ...]:
    """The fields that tell the offer from all others of its price book; every order goes by them last."""
    return (offer.provider, offer.gpu, offer.instance_type, offer.region, offer.zone or "", str(offer.purchase))


def _group(offers: Sequence[Offer]) -> OfferGroup:
    members = tuple(sorted(offers, key=_by_price))
    return OfferGroup(head=members[0], size=len(members), members=lambda: members)


def _by_price(offer: Offer) -> tuple[float, tuple[str, ...]]:
    return offer.usd_per_hour, offer_name(offer)
