"""Merges a delivery with the previous book: offers that it replaces, offers that stay, and the entries of the sidecar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from planner.model.frozen import dataclass
from planner.model.records import HeldBack, Offer, Unpriced
from planner.prices.changes import offer_key
from planner.prices.checks import Checked, held_back, on_demand_prices, spot_problem
from planner.prices.delivery import Delivery, Reach
from planner.prices.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Rows of the new book; `kept` are those of the book before, `replaced` those that the delivery answered for."""

    offers: tuple[Offer, ...]
    kept: tuple[Offer, ...]
    replaced: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...]


def merged(delivery: Delivery, checked: Checked, old: Sequence[Offer], is_asked_for: Callable[[Offer], bool]) -> Merged:
    """The rows of a new book.

    A delivery replaces what was asked for and what it reaches, and no more; all else stays, each row with its own date.
    Older spot prices that fresh on-demand prices have overtaken are held back.

    Args:
        delivery: what came.
        checked: its rows after the checks.
        old: rows of the book before.
        is_asked_for: whether the refresh set out to replace an offer.
    """
    seen_offers = {(offer.instance_type, offer.region, str(offer.purchase)) for offer in checked.offers}
    seen_offers |= {(row.instance_type, row.region, str(row.purchase)) for row in checked.held_back}
    seen_cells = {name[1:] for name in seen_offers}
    replaced: list[Offer] = []
    kept: list[Offer] = []
    for offer in old:
        name = (offer.instance_type, offer.region, str(offer.purchase))
        is_answered = {
            Reach.COMPLETE: True,
            Reach.PER_REGION: name[1:] in seen_cells,
            Reach.LISTED_ONLY: name in seen_offers,
        }[delivery.reach]
        (replaced if is_answered and is_asked_for(offer) else kept).append(offer)
    on_demand = on_demand_prices([*kept, *checked.offers])
    stale = {offer_key(offer): reason for offer in kept if (reason := spot_problem(offer, on_demand))}
    kept_on = tuple(offer for offer in kept if offer_key(offer) not in stale)
    return Merged(
        offers=(*checked.offers, *kept_on),
        kept=kept_on,
        replaced=tuple(replaced),
        held_back=(
            *delivery.parsed.held_back,
            *checked.held_back,
            *(held_back(offer, stale[offer_key(offer)]) for offer in kept if offer_key(offer) in stale),
        ),
    )


def merged_sources(delivery: Delivery, before: Snapshot | None, kept: Iterable[Offer]) -> list[dict[str, Any]]:
    """Sources of the new book: those of the delivery, and those of the book before if rows of it stay."""
    return [*delivery.sources, *(before.sources if before and any(kept) else ())]


def merged_unpriced(delivery: Delivery, before: Snapshot | None, offers: Iterable[Offer]) -> list[Unpriced]:
    """Types without a price: those of the delivery, and those of the previous book that the delivery does not mention."""
    fresh = delivery.parsed.unpriced
    settled = {offer.instance_type for offer in offers} | {entry.instance_type for entry in fresh}
    return [*fresh, *(entry for entry in (before.unpriced if before else ()) if entry.instance_type not in settled)]


def merged_excludes(delivery: Delivery, before: Snapshot | None, kept: Iterable[Offer]) -> list[dict[str, Any]]:
    """What the prices do not include: as the delivery says, and as the previous book said of the types that stay."""
    types = {offer.instance_type for offer in kept}
    carried = [
        entry
        for entry in (before.excludes if before else ())
        if any(fnmatchcase(name, str(entry.get("instance_types"))) for name in types)
    ]
    return [*delivery.excludes, *(entry for entry in carried if entry not in delivery.excludes)]


def merged_retired(delivery: Delivery, before: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Types that can no longer be rented: once retired, always retired; the delivery's word goes first."""
    said = {entry["instance_type"] for entry in delivery.retired}
    return [*delivery.retired, *(entry for entry in before if entry["instance_type"] not in said)]
