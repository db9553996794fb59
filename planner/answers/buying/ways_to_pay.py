"""The ways to pay for one work: each rented one with its cheapest machine, and the one that a verdict is against."""

from __future__ import annotations

from collections.abc import Sequence

from planner.cost.own_prices import OWN
from planner.errors import UnknownNameError
from planner.hardware.markets import Market as Seller
from planner.hardware.markets import market_of
from planner.model.records import Offer, Purchase
from planner.results.sides import Rental

COMMITMENTS = (Purchase.RESERVED_1Y, Purchase.RESERVED_3Y, Purchase.SAVINGS_1Y, Purchase.SAVINGS_3Y)
RENTED = (Purchase.ON_DEMAND, Purchase.SPOT, *COMMITMENTS)
"""Kinds of purchase that work of months can be paid by; a capacity block is sold for days or weeks."""

ON_DEMAND, SPOT, MARKETPLACE, SERVICE, GIVEN = "on_demand", "spot", "marketplace", "service", "given"
WAYS = (ON_DEMAND, *map(str, COMMITMENTS), SERVICE, SPOT, MARKETPLACE)
"""In the order in which one of them is what a verdict is against, unless another is named."""

WayAndMarket = tuple[str, str]


def way_of(offer: Offer) -> WayAndMarket:
    """The way to pay for an offer, and the market it is sold on.

    Private machines are a way of their own however they are sold: their price is a level, not an offer to come back for.
    """
    if offer.provider == OWN:
        return ON_DEMAND, OWN
    seller = market_of(offer.provider, offer.instance_type)
    if seller is Seller.MARKETPLACE:
        return MARKETPLACE, str(seller)
    if offer.purchase is Purchase.SPOT:
        return SPOT, SPOT
    if offer.purchase in COMMITMENTS:
        return str(offer.purchase), "commitment"
    return ON_DEMAND, str(seller)


def baseline_of(rentals: Sequence[Rental], against: str | None) -> Rental:
    """The rental that buying is judged against: the cheapest on demand at a list price, or the one named.

    Args:
        rentals: one for each way to pay.
        against: a way to pay, or `PROVIDER:TYPE`; `None` for the usual one.

    Raises:
        UnknownNameError: no rental goes by that name.
    """
    if against is None:
        usual = [rental for rental in rentals if rental.mark is None] or rentals
        first = min(usual, key=lambda rental: WAYS.index(rental.way) if rental.way in WAYS else -1)
        alike = [rental for rental in usual if rental.way == first.way]
        return min(alike, key=lambda rental: (rental.usd_per_month, rental.label))
    wanted = against.strip().lower().replace("-", "_")
    named = [rental for rental in rentals if wanted in (rental.way, rental.market)]
    named += [rental for rental in rentals if rental.offer and against.lower() == offer_text(rental.offer).lower()]
    if not named:
        known = sorted({rental.way for rental in rentals}) + [offer_text(one.offer) for one in rentals if one.offer]
        raise UnknownNameError("way to pay for this work", against, known, "planner compare --help")
    return min(named, key=lambda rental: (rental.usd_per_month, rental.label))


def offer_text(offer: Offer) -> str:
    """`PROVIDER:TYPE` of an offer."""
    return f"{offer.provider}:{offer.instance_type}"
