"""Merges a delivery with the previous book: offers that it replaces, offers that stay, and the entries of the sidecar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from planner.model.frozen import dataclass
from planner.model.records import HeldBack, Offer, Purchase, Unpriced
from planner.prices.changes import Key, PlaceKey, offer_key, place_key
from planner.prices.checks import Checked, held_back, on_demand_prices, spot_problem
from planner.prices.delivery import Delivery, Reach
from planner.prices.possible import late_problem, offer_problem
from planner.prices.snapshots import Snapshot

_SOME_ZONE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Rows of the new book: the `fresh` ones and those `kept` of the book before; `replaced` are those that were answered for."""

    offers: tuple[Offer, ...]
    fresh: tuple[Offer, ...]
    kept: tuple[Offer, ...]
    replaced: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...]


def merged(delivery: Delivery, checked: Checked, old: Sequence[Offer], is_asked_for: Callable[[Offer], bool]) -> Merged:
    """The rows of a new book.

    A delivery replaces what was asked for and what it reaches, and no more; all else stays, each row with its own date:
    also what a row failed to replace because it was held back, and what was observed later here than there. Older spot
    prices that the on-demand prices of a fetch have overtaken are held back; a list that names some offers takes none away.

    Args:
        delivery: what came.
        checked: its rows after the checks.
        old: rows of the book before.
        is_asked_for: whether the refresh set out to replace an offer.
    """
    day_known = _days_known(old if delivery.reach is not Reach.COMPLETE else ())
    fresh = tuple(offer for offer in checked.offers if offer.observed_on >= day_known(offer))
    doubted = (*delivery.parsed.held_back, *checked.held_back)
    late = (offer for offer in checked.offers if offer.observed_on < day_known(offer))
    is_answered = _answers(delivery, fresh, (*doubted, *late))
    replaced: list[Offer] = []
    kept: list[Offer] = []
    for offer in old:
        (replaced if is_answered(offer) and is_asked_for(offer) else kept).append(offer)
    overtaken = _overtaken(kept, fresh) if delivery.reach is not Reach.LISTED_ONLY else {}
    # a book of an older version may hold what this one does not write
    day = delivery.observed_at.date()
    overtaken |= {
        offer_key(offer): reason for offer in kept if (reason := offer_problem(offer) or late_problem(offer, day))
    }
    kept_on = tuple(offer for offer in kept if offer_key(offer) not in overtaken)
    return Merged(
        offers=(*fresh, *kept_on),
        fresh=fresh,
        kept=kept_on,
        replaced=tuple(replaced),
        held_back=(
            *doubted,
            *(held_back(offer, overtaken[offer_key(offer)]) for offer in kept if offer_key(offer) in overtaken),
        ),
    )


def _days_known(old: Iterable[Offer]) -> Callable[[Offer], date]:
    """A function that gives the newest day of a price known at an offer's place: its zone or region, any zone if it names none."""
    days: dict[PlaceKey, date] = {}
    for offer in old:
        for zone in {offer.zone or "", _SOME_ZONE if offer.zone else ""}:
            key = (offer.instance_type, offer.region, zone, str(offer.purchase))
            days[key] = max(offer.observed_on, days.get(key, date.min))

    def day_known(offer: Offer) -> date:
        zones = {offer.zone or _SOME_ZONE, ""}
        return max(days.get((offer.instance_type, offer.region, zone, str(offer.purchase)), date.min) for zone in zones)

    return day_known


def _answers(delivery: Delivery, fresh: Iterable[Offer], unused: Iterable[HeldBack | Offer]) -> Callable[[Offer], bool]:
    """A function that says whether the delivery tells what became of an offer: a price, or gone; of `unused` rows it does not."""
    priced = {place_key(offer) for offer in fresh}
    # a row held back may name several regions, and how it is paid for in words of its provider, or not at all
    kinds = [str(purchase) for purchase in Purchase]
    unsettled = {
        (row.instance_type, region, kind)
        for row in unused
        for region in (row.region, *row.region.split())
        for kind in ([str(row.purchase)] if row.purchase in kinds else kinds)
    }
    cells = {key[1:] for key in unsettled} | {(offer.region, str(offer.purchase)) for offer in fresh}

    def is_answered(offer: Offer) -> bool:
        if place_key(offer) in priced:
            return True
        if delivery.reach is Reach.LISTED_ONLY:
            return place_key(offer) in delivery.gone
        if (offer.instance_type, offer.region, str(offer.purchase)) in unsettled:
            return False
        return delivery.reach is Reach.COMPLETE or (offer.region, str(offer.purchase)) in cells

    return is_answered


def _overtaken(kept: Iterable[Offer], fresh: Iterable[Offer]) -> dict[Key, str]:
    on_demand = on_demand_prices([*kept, *fresh])
    return {offer_key(offer): reason for offer in kept if (reason := spot_problem(offer, on_demand))}


def merged_sources(delivery: Delivery, before: Snapshot | None, kept: Iterable[Offer]) -> list[dict[str, Any]]:
    """Sources of the new book: those of the delivery, and those of the book before if rows of it stay."""
    return [*delivery.sources, *(before.sources if before and any(kept) else ())]


def merged_unpriced(delivery: Delivery, before: Snapshot | None, offers: Iterable[Offer]) -> list[Unpriced]:
    """Types without a price: those of the delivery, and those of the previous book that the delivery does not mention."""
    fresh = delivery.parsed.unpriced
    settled = {offer.instance_type for offer in offers} | {entry.instance_type for entry in fresh}
    return [*fresh, *(entry for entry in (before.unpriced if before else ()) if entry.instance_type not in settled)]


def merged_excludes(delivery: Delivery, before: Snapshot | None, kept: Iterable[Offer]) -> list[dict[str, Any]]:
    """What the prices do not include: as the delivery says, and as the previous book said of the rows that stay."""
    day = delivery.observed_at.date().isoformat()
    types, renewed = ({offer.instance_type for offer in offers} for offers in (kept, delivery.parsed.offers))
    said = [*map(_spoken_of, delivery.excludes)]
    carried = [
        # said of all rows, it would be said of the fresh ones as well
        entry if "source" in entry or not _speaks_of(entry, renewed) else {"observed_before": day, **entry}
        for entry in (before.excludes if before else ())
        if _spoken_of(entry) not in said and _speaks_of(entry, types)
    ]
    return [*delivery.excludes, *carried]


def _speaks_of(entry: dict[str, Any], types: Iterable[str]) -> bool:
    return any(fnmatchcase(name, str(entry.get("instance_types"))) for name in types)


def _spoken_of(entry: dict[str, Any]) -> tuple[Any, ...]:
    """The prices that an entry speaks of: a word on other days or another source does not contradict it."""
    return tuple(entry.get(key) for key in ("instance_types", "source", "observed_before"))


def merged_retired(delivery: Delivery, before: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Types that can no longer be rented: once retired, always retired; the delivery's word goes first."""
    said = {entry["instance_type"] for entry in delivery.retired}
    return [*delivery.retired, *(entry for entry in before if entry["instance_type"] not in said)]
