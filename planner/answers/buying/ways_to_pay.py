"""The ways to pay for one work: each rented one with its cheapest machine, and the one that a verdict is against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from planner.cost.own_prices import OWN
from planner.errors import UnknownNameError
from planner.hardware.markets import Market as Seller
from planner.hardware.markets import market_of
from planner.model.records import Offer, Purchase
from planner.results.sides import Rental

T = TypeVar("T")

COMMITMENTS = (Purchase.RESERVED_1Y, Purchase.RESERVED_3Y, Purchase.SAVINGS_1Y, Purchase.SAVINGS_3Y)
RENTED = (Purchase.ON_DEMAND, Purchase.SPOT, *COMMITMENTS)
"""Kinds of purchase that work of months can be paid by; a capacity block is sold for days or weeks."""

ON_DEMAND, SPOT, MARKETPLACE, SERVICE, GIVEN = "on_demand", "spot", "marketplace", "service", "given"
WAYS = (ON_DEMAND, *map(str, COMMITMENTS), SPOT, MARKETPLACE, SERVICE)
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
        against: a way to pay, or `PROVIDER:TYPE` with or without `:PURCHASE`; `None` for the usual one.

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
    offered = [rental for rental in rentals if rental.offer]
    named += named_offers(offered, against, lambda rental: cast("Offer", rental.offer))
    if not named:
        ways = sorted({name for rental in rentals for name in (rental.way, rental.market) if name in _NAMES})
        known = [*ways, *(offer_text(one.offer) for one in rentals if one.offer)]
        listed = f"{', '.join(ways)}, or " if len(known) > MOST_NAMED else ""
        see = f"{listed}PROVIDER:TYPE of any machine that does this work"
        raise UnknownNameError("way to pay for this work", against, known, see, argument="against")
    return min(named, key=lambda rental: (rental.usd_per_month, rental.label))


MOST_NAMED = 10  # names that the error lists by itself
_NAMES = {*WAYS, *map(str, Seller), SPOT, GIVEN, OWN}


def named_offers(found: Iterable[T], against: str | None, offer_of: Callable[[T], Offer]) -> list[T]:
    """The offers of the machine that `PROVIDER:TYPE` names: as `:PURCHASE` says, else on demand where it is sold so.

    A machine that is named alone is meant at its list price, not by whatever contract is the cheapest.
    """
    if against is None or ":" not in against:
        return []
    wanted = against.strip().lower()
    named = [one for one in found if wanted in _texts(offer_of(one))]
    on_demand = [one for one in named if offer_of(one).purchase is Purchase.ON_DEMAND]
    return on_demand or named


def _texts(offer: Offer) -> tuple[str, str]:
    """What names an offer: its machine, and its machine with the kind of purchase."""
    return offer_text(offer).lower(), f"{offer_text(offer)}:{offer.purchase}".lower()


def offer_text(offer: Offer) -> str:
    """`PROVIDER:TYPE` of an offer."""
    return f"{offer.provider}:{offer.instance_type}"
