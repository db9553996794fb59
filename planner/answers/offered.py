"""The offers that an answer chooses from: groups of those that pass a filter, with own prices applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import LimitError, NothingLeftError
from planner.model.frozen import changed, dataclass
from planner.model.records import Offer, Purchase
from planner.prices.catalog import GroupSelection, select_groups, select_offers
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
        on_demand: the list price on demand of an offer's type where it is, to compare commitments with; `None` without any.
    """

    groups: tuple[OfferGroup, ...]
    selection: GroupSelection
    own_notes: Mapping[Offer, str]
    credits_usd: Mapping[str, float]
    on_demand: Callable[[Offer], float | None]
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
        on_demand=_OnDemand(snapshots, wanted, today, selection.groups).of,
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


class _OnDemand:
    """Prices per hour on demand, to compare commitments with; those of a type are read when the first is asked for.

    Only the bills of commitments that are written ask: most questions have none, others a few.
    """

    def __init__(
        self, snapshots: Sequence[Snapshot], wanted: OfferFilter, today: date, passed: Sequence[OfferGroup]
    ) -> None:
        self._snapshots = snapshots
        self._passed = passed if not wanted.purchases or Purchase.ON_DEMAND in wanted.purchases else None
        self._wanted = changed(wanted, purchases=(Purchase.ON_DEMAND,))
        self._today = today
        self._found: dict[tuple[str, str], Mapping[str, float]] = {}

    def of(self, offer: Offer) -> float | None:
        """The lowest price of the offer's type in its region; `None` if it is not sold on demand, or none passes the filter."""
        kind = (offer.provider, offer.instance_type)
        if kind not in self._found:
            self._found[kind] = self._in_regions(*kind)
        return self._found[kind].get(offer.region)

    def _in_regions(self, provider: str, instance_type: str) -> Mapping[str, float]:
        prices: dict[str, float] = {}
        kind = (provider, instance_type, Purchase.ON_DEMAND)
        for group in self._passed if self._passed is not None else self._selected(provider, instance_type):
            if (group.head.provider, group.head.instance_type, group.head.purchase) == kind:
                for offer in group.members():
                    prices[offer.region] = min(offer.usd_per_hour, prices.get(offer.region, offer.usd_per_hour))
        return prices

    def _selected(self, provider: str, instance_type: str) -> Sequence[OfferGroup]:
        wanted = changed(self._wanted, providers=(provider,), instances=(instance_type,), regions=())
        try:
            return select_groups(self._snapshots, wanted, today=self._today).groups
        except (NothingLeftError, LimitError):
            return ()
