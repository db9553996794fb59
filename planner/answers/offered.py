"""The offers that an answer chooses from: groups of those that pass a filter, with own prices applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import LimitError, NothingLeftError, PlannerError
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.prices.catalog import USUAL_PURCHASES, GroupSelection, select_groups, select_offers
from planner.prices.drift import price_class, price_range
from planner.prices.filters import OfferFilter
from planner.prices.groups import OfferGroup, grouped
from planner.prices.index import index_of
from planner.prices.snapshots import Snapshot

if TYPE_CHECKING:
    from planner.cost.own_prices import OwnPrices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offered:
    """The groups of offers that pass a filter, with the books, notes and own prices that their estimates need.

    Attributes:
        groups: offers that passed, machines of one's own last.
        selection: the books, what became of the other offers, and what prices leave out.
        own_notes: what is said of offers that are not at their list price.
        credits_usd: what each provider owes the user.
        snapshots: the books by provider.
        on_demand: list prices on demand by (provider, type, region), to compare commitments with; empty without any.
    """

    groups: tuple[OfferGroup, ...]
    selection: GroupSelection
    own_notes: Mapping[Offer, str]
    credits_usd: Mapping[str, float]
    on_demand: Mapping[tuple[str, str, str], float]
    snapshots: Mapping[str, Snapshot]

    def region_sizes(self, provider: str) -> Mapping[str, int]:
        """How many offers the provider's book has in each region; none for machines of one's own."""
        return index_of(self.snapshots[provider]).offers_by_region() if provider in self.snapshots else {}

    def price_range(self, offer: Offer, today: date) -> tuple[float, float]:
        """Lowest and highest price that the offer may have today; an own price is sure."""
        if offer.provider == "own" or (self.own_notes and offer in self.own_notes):
            return offer.usd_per_hour, offer.usd_per_hour
        return price_range(offer, today)

    def notes_on(self, offer: Offer) -> tuple[str, ...]:
        """Notes on the price of an offer."""
        own = (self.own_notes[offer],) if self.own_notes and offer in self.own_notes else ()
        unknown: tuple[str, ...] = ()
        if offer.provider != "own" and price_class(offer) is None:
            unknown = (f"{offer.provider} is a seller of unknown kind: the widest range of list prices counts",)
        return (*(f"not in the price: {what}" for what in self.selection.excluded_from(offer)), *unknown, *own)


def offered(snapshots: Sequence[Snapshot], wanted: OfferFilter, own: OwnPrices | None, *, today: date) -> Offered:
    """Reads the groups of offers that pass the filter, with own prices applied.

    Args:
        snapshots: one per provider, as `current_snapshots` gives them.
        wanted: the filter.
        own: own prices, as `own_prices` reads them; machines among them know no region, purchase or age.
        today: the day that ages are counted from.

    Raises:
        NothingLeftError: no offer and no machine passes.
        UnknownNameError: a provider or region that no snapshot has.
        SnapshotError: a snapshot cannot be trusted.
    """
    machines = (
        ()
        if own is None or wanted.providers or wanted.instances
        else tuple(own.machines_for(wanted.gpus, wanted.gpu_counts))
    )
    try:
        selection = select_groups(snapshots, wanted, today=today)
    except (NothingLeftError, LimitError):
        if not machines:
            raise
        selection = select_groups(snapshots, wanted, today=today, may_be_empty=True)
    groups, own_notes = (selection.groups, {}) if own is None else _at_own_prices(selection.groups, own)
    return Offered(
        groups=(*groups, *grouped(machines)),
        selection=selection,
        own_notes=own_notes,
        credits_usd={} if own is None else own.credits_usd,
        on_demand=_OnDemand(snapshots, wanted, today),
        snapshots={snapshot.provider: snapshot for snapshot in snapshots},
    )


def own_prices(path: Path | None, snapshots: Sequence[Snapshot], today: date) -> OwnPrices | None:
    """Reads a file of own prices and checks its names against every offer there is; `None` without a file.

    Raises:
        UsageError: the file cannot be read, or holds what it must not hold.
    """
    if path is None:
        return None
    from planner.cost.own_prices import load_price_book  # noqa: PLC0415 - only with a price book

    return load_price_book(path, select_offers(snapshots, OfferFilter(), today=today).offers, today)


def _at_own_prices(groups: Iterable[OfferGroup], own: OwnPrices) -> tuple[tuple[OfferGroup, ...], dict[Offer, str]]:
    """The groups with own prices applied, each sorted again by price; and a note for each offer whose price changed."""
    offers, notes = own.applied(offer for group in groups for offer in group.members())
    return tuple(grouped(offers)), notes


class _OnDemand(Mapping[tuple[str, str, str], float]):
    """Prices per hour on demand by (provider, instance type, region), read when a type's are asked for first.

    Only the bills of commitments that are written ask: most questions have none, others a few.
    """

    def __init__(self, snapshots: Sequence[Snapshot], wanted: OfferFilter, today: date) -> None:
        self._asked = (snapshots, replace(wanted, purchases=(Purchase.ON_DEMAND,), providers=(), instances=()), today)
        self._is_empty = set(wanted.purchases) <= set(USUAL_PURCHASES)
        self._found: dict[tuple[str, str], Mapping[str, float]] = {}

    def _in_regions(self, provider: str, instance_type: str) -> Mapping[str, float]:
        """The lowest price of a type in each region."""
        snapshots, wanted, today = self._asked
        books = [snapshot for snapshot in snapshots if snapshot.provider == provider]
        try:
            groups = select_groups(books, replace(wanted, instances=(instance_type,)), today=today).groups
        except PlannerError:  # none passes the filter, or the type is sold in no other way
            return {}
        prices: dict[str, float] = {}
        for offer in (offer for group in groups for offer in group.members()):
            prices[offer.region] = min(offer.usd_per_hour, prices.get(offer.region, offer.usd_per_hour))
        return prices

    def __getitem__(self, key: tuple[str, str, str]) -> float:
        """The price of that type there."""
        provider, instance_type, region = key
        if self._is_empty:
            raise KeyError(key)
        if (provider, instance_type) not in self._found:
            self._found[provider, instance_type] = self._in_regions(provider, instance_type)
        return self._found[provider, instance_type][region]

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """Every type and region asked for so far that has a price on demand."""
        return ((*kind, region) for kind, prices in self._found.items() for region in prices)

    def __len__(self) -> int:
        """How many these are."""
        return sum(map(len, self._found.values()))
