"""The market of a row: whom one pays, and on what terms."""

from __future__ import annotations

from planner.hardware.markets import Market, market_of
from planner.model.picks import PaidTo
from planner.model.records import Offer, Purchase

# looked up in the class they take longer than all else that is asked of an offer
_SPOT, _ON_DEMAND = Purchase.SPOT, Purchase.ON_DEMAND

_SELLERS = {
    Market.LARGE_CLOUD: PaidTo.LARGE_CLOUD,
    Market.GPU_CLOUD: PaidTo.GPU_CLOUD,
    Market.MARKETPLACE: PaidTo.MARKETPLACE,
}


def paid_to(offer: Offer) -> PaidTo:
    """The market of an offer: a machine of one's own, spot of anybody, a commitment, else the kind of seller."""
    if offer.provider == "own":
        return PaidTo.OWN
    if offer.purchase is _SPOT:
        return PaidTo.SPOT
    if is_commitment(offer):
        return PaidTo.COMMITMENT
    seller = market_of(offer.provider, offer.instance_type)
    return PaidTo.GPU_CLOUD if seller is None else _SELLERS[seller]


def is_commitment(offer: Offer) -> bool:
    """Whether one pays for a term, used or not."""
    return offer.purchase is not _ON_DEMAND and offer.purchase is not _SPOT and offer.provider != "own"
