"""Selects the offers that an answer is made from: those of each provider's newest snapshot that pass the filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from planner.errors import UnknownNameError
from planner.hardware.globs import matches
from planner.hardware.gpus import load_gpus
from planner.hardware.processors import load_processors
from planner.model.book_ages import BookUsed, DamagedBook
from planner.model.frozen import dataclass
from planner.model.left_out import LeftOut
from planner.model.records import Offer, Purchase, Unpriced
from planner.options.vocabulary import meant
from planner.prices.ages import AgedRows, price_ages
from planner.prices.damaged import AskedBooks, asked_books
from planner.prices.filters import OfferFilter
from planner.prices.groups import OfferGroup, grouped, offer_name
from planner.prices.index import index_of
from planner.prices.nothing_left import explain_nothing
from planner.prices.possible import USD_PER_HOUR_BELOW, USD_PER_HOUR_FROM
from planner.prices.processor_offers import books_of, load_processor_offers
from planner.prices.rows import bad_row, is_possible, offer_of
from planner.prices.snapshots import Snapshot, read_rows

USUAL_PURCHASES = (Purchase.ON_DEMAND, Purchase.SPOT)
"""What can be bought for one run. Commitments bind for a year or more and are shown only when asked for."""
DEARER = "dearer than the best region of the same provider, GPU, count and purchase"
_RETIRED = "instance types that the provider has retired"
_FILTERS = ("other GPUs", "other GPU counts", "other purchase kinds", "other instance types", "other regions")
_IMPOSSIBLE = "a row that cannot be"
_NONE: set[float] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The books that offers were selected from, the offers left out or without a price, and what prices do not include.

    `damaged` are books that were wanted but cannot be trusted.
    """

    books: tuple[BookUsed, ...]
    damaged: tuple[DamagedBook, ...]
    left_out: tuple[LeftOut, ...]
    unpriced: tuple[tuple[str, Unpriced], ...]  # (provider, entry)
    excludes: Mapping[str, tuple[Mapping[str, Any], ...]]  # by provider, as sidecars list them

    def excluded_from(self, offer: Offer) -> tuple[str, ...]:
        """Parts of the bill that the price of this offer is known to leave out."""
        entries = self.excludes.get(offer.provider, ())
        return tuple(dict.fromkeys(entry["what"] for entry in entries if is_excluded(entry, offer)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Selected):
    """Offers that passed, in snapshot order."""

    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSelection(Selected):
    """Offers that passed as exact groups, in the order of their first."""

    groups: tuple[OfferGroup, ...]


def select_offers(
    snapshots: Sequence[Snapshot], wanted: OfferFilter, *, today: date, every_offer: bool = True
) -> Selection:
    """Offers of the snapshots that pass the filter.

    Args:
        snapshots: one per provider, as `current_snapshots` gives them.
        wanted: the filter.
        today: the day that ages are counted from.
        every_offer: all of them; else only the cheapest per (provider, GPU, count, purchase), of equals the first by name.

    Raises:
        NothingLeftError: no offer is left; the message says how many each filter took.
        LimitError: every price that passes the other filters is older than asked for.
        UnknownNameError: a provider, region or instance type that no snapshot has.
        SnapshotError: every book that is wanted is damaged, or one is and the filter is strict.
    """
    if every_offer:
        return _selected(tuple(snapshots), wanted, today=today)
    return _best_offers(select_groups(snapshots, wanted, today=today))


def select_groups(
    snapshots: Sequence[Snapshot], wanted: OfferFilter, *, today: date, may_be_empty: bool = False
) -> GroupSelection:
    """The offers that pass the filter, in exact groups from the indexes of the books: its time grows with groups, not offers.

    Where nothing passes and it `may_be_empty`, there are no groups, and all offers are left out.

    Raises:
        PlannerError: as for `select_offers`.
    """
    return _selected_groups(tuple(snapshots), wanted, today=today, may_be_empty=may_be_empty)


def rows_of(snapshot: Snapshot) -> tuple[Offer, ...]:
    """Every offer of a book in its order, also of types that can no longer be rented; no index is read or made.

    Raises:
        SnapshotError: the book was altered or holds what it must not hold; the message names file and line.
    """
    listed = replace(snapshot, retired={})
    return tuple(_Sieve(OfferFilter(), [listed], listed.observed_on).offers(listed))


# every offer is tens of thousands of records, groups are some hundred
@lru_cache(maxsize=2)
def _selected(snapshots: tuple[Snapshot, ...], wanted: OfferFilter, *, today: date) -> Selection:
    books = asked_books(snapshots, wanted)
    taken = books.whole
    sieve = _Sieve(wanted, taken, today)
    offers = tuple(offer for snapshot in taken for offer in sieve.offers(snapshot))
    processors = tuple(sieve.processors(taken))
    if not offers and not processors:
        explain_nothing(taken, wanted, sieve)
    beside = _beside(books, sieve.lost, today, ((offer, 1) for offer in offers), processors)
    return Selection(offers=offers + processors, **beside)


@lru_cache(maxsize=64)
def _selected_groups(
    snapshots: tuple[Snapshot, ...], wanted: OfferFilter, *, today: date, may_be_empty: bool
) -> GroupSelection:
    books = asked_books(snapshots, wanted)
    taken = books.whole
    sieve = _Sieve(wanted, taken, today)
    processors = sieve.processors(taken)
    groups = tuple(group for snapshot in taken for group in sieve.groups(snapshot)) + tuple(grouped(processors))
    if not groups and not may_be_empty:
        explain_nothing(taken, wanted, sieve)
    counted = ((group.head, group.size) for group in groups if group.head not in processors)
    return GroupSelection(groups=groups, **_beside(books, sieve.lost, today, counted, processors))


def _beside(
    books: AskedBooks,
    lost: Mapping[str, int],
    today: date,
    passed: Iterable[tuple[Offer, int]],
    processors: Sequence[Offer],
) -> dict[str, Any]:
    """The fields of `Selected`; `passed` are offers with how many rows of the book each stands for."""
    days: dict[str, list[AgedRows]] = {}
    for offer, count in passed:
        days.setdefault(offer.provider, []).append((offer.purchase, offer.observed_on, count))
    return {
        "damaged": books.damaged,
        "books": (
            *(_book(snapshot, days.get(snapshot.provider, ()), today) for snapshot in books.whole),
            *(books_of(processors, today) if processors else ()),
        ),
        "left_out": tuple(LeftOut(reason=reason, count=count) for reason, count in lost.items() if count),
        "unpriced": tuple((snapshot.provider, entry) for snapshot in books.whole for entry in snapshot.unpriced),
        "excludes": {snapshot.provider: snapshot.excludes for snapshot in books.whole},
    }


def _best_offers(selection: GroupSelection) -> Selection:
    best: dict[tuple[str, str, float, Purchase], Offer] = {}
    count = 0
    for group in selection.groups:
        offer = group.head
        count += group.size
        known = best.setdefault((offer.provider, offer.gpu, offer.gpu_count, offer.purchase), offer)
        if (offer.usd_per_hour, offer_name(offer)) < (known.usd_per_hour, offer_name(known)):
            best[offer.provider, offer.gpu, offer.gpu_count, offer.purchase] = offer
    dearer = count - len(best)
    return Selection(
        offers=tuple(best.values()),
        books=selection.books,
        damaged=selection.damaged,
        left_out=(*selection.left_out, *((LeftOut(reason=DEARER, count=dearer),) if dearer else ())),
        unpriced=selection.unpriced,
        excludes=selection.excludes,
    )


def is_excluded(entry: Mapping[str, Any], offer: Offer) -> bool:
    """Whether a sidecar's entry of `excludes` speaks of a price: of its type and, if it says so, before a day or of a source."""
    if "observed_before" in entry and offer.observed_on.isoformat() >= entry["observed_before"]:
        return False
    if not matches(offer.source, entry.get("source", "*")):
        return False
    return matches(offer.instance_type, entry["instance_types"])


class _Sieve:
    """Runs rows through the filters and counts what each one takes."""

    def __init__(self, wanted: OfferFilter, snapshots: Sequence[Snapshot], today: date) -> None:
        self.today = today
        # GPU -> counts asked for; None stands for any count
        self.asked: dict[str, set[float] | None] = {} if wanted.gpus else dict.fromkeys(load_gpus())
        for choice in wanted.gpus:
            for gpu in choice.gpus:
                counts = self.asked.setdefault(gpu, set())
                if choice.count is None or counts is None:
                    self.asked[gpu] = None
                else:
                    counts.add(choice.count)
        if wanted.has_processors and not wanted.gpus:
            self.asked |= dict.fromkeys(load_processors())
        self.has_processors = not self.asked.keys() <= load_gpus().keys()
        self.gpu_counts = frozenset(wanted.gpu_counts)
        self.places: Mapping[str, frozenset[tuple[str, str]]] | None = None
        self.types: frozenset[str] | None = None
        if wanted.regions or wanted.instances:
            from planner.prices.chosen import chosen_places, chosen_types  # noqa: PLC0415 - few name either

            self.places = chosen_places(snapshots, wanted.regions) if wanted.regions else None
            self.types = chosen_types(snapshots, wanted.instances) if wanted.instances else None
        self.purchases = frozenset(str(purchase) for purchase in wanted.purchases or Purchase)
        age = wanted.max_price_age_days
        self.oldest = "" if age is None else (today - timedelta(days=age)).isoformat()
        self.reasons: dict[tuple[str, str, str], str | None] = {}
        self.too_old = f"price older than {age} days"
        self.newest_of_old = ""
        self.lost: Counter[str] = Counter(dict.fromkeys((*_FILTERS, self.too_old, _RETIRED), 0))

    # one straight loop over tens of thousands of rows: calls in it would double its time
    def offers(self, snapshot: Snapshot) -> list[Offer]:  # noqa: C901 - a filter a line
        """Offers of one snapshot that pass, in its order."""
        passed: list[tuple[float, list[str]]] = []
        retired = {name for name, day in snapshot.retired.items() if day <= self.today}
        width = len(snapshot.columns)
        types, places = self.types, self.places and self.places[snapshot.provider]
        for line, row in enumerate(read_rows(snapshot), start=2):
            try:
                gpu, count_text, instance_type, region, zone, purchase, price_text, _, _, _, day, _ = row[:12]
                price = float(price_text)
            except ValueError:
                raise bad_row(snapshot, line, row) from None
            group = (gpu, count_text, purchase)
            if group not in self.reasons:
                self.reasons[group] = self._reason_against(*group)
            reason = self.reasons[group]
            # a NaN is not above 0 either
            if reason is _IMPOSSIBLE or not USD_PER_HOUR_FROM <= price < USD_PER_HOUR_BELOW or len(row) != width:
                raise bad_row(snapshot, line, row)
            if reason is None:
                if types is not None and instance_type not in types:
                    reason = "other instance types"
                elif places is not None and (region, zone) not in places:
                    reason = "other regions"
                elif day < self.oldest:
                    reason = self.too_old
                    self.newest_of_old = max(self.newest_of_old, day)
                elif instance_type in retired:
                    reason = _RETIRED
            if reason is not None:
                self.lost[reason] += 1
            else:
                passed.append((price, row))
        return [offer_of(snapshot, price, row) for price, row in passed]

    def groups(self, snapshot: Snapshot) -> list[OfferGroup]:
        """Groups of one snapshot's offers that pass, in the order of their first."""
        index = index_of(snapshot)
        asked_for = []
        for group in index.groups:
            kind = (group.row[0], group.row[1], group.row[5])
            if kind not in self.reasons:
                self.reasons[kind] = self._reason_against(*kind)
            reason = self.reasons[kind]
            if reason is None:
                asked_for.append(group)
            else:
                self.lost[reason] += group.size
        if self.types is not None:
            others = [group for group in asked_for if group.row[2] not in self.types]
            asked_for = [group for group in asked_for if group.row[2] in self.types]
            self.lost["other instance types"] += sum(group.size for group in others)
        if self.places is not None:
            everywhere = sum(group.size for group in asked_for)
            asked_for = index.within(asked_for, self.places[snapshot.provider])
            self.lost["other regions"] += everywhere - sum(group.size for group in asked_for)
        retired = {name for name, day in snapshot.retired.items() if day <= self.today}
        passed = []
        for group in asked_for:
            if group.row[10] < self.oldest:
                self.lost[self.too_old] += group.size
                self.newest_of_old = max(self.newest_of_old, group.row[10] if group.size else "")
            elif group.row[2] in retired:
                self.lost[_RETIRED] += group.size
            elif group.size:
                passed.append(group)
        return index.offer_groups(sorted(passed, key=lambda group: group.first))

    def processors(self, snapshots: Sequence[Snapshot]) -> list[Offer]:
        """Offers of machines without a GPU that pass; none, and none is counted, where nobody asks for them."""
        if not self.has_processors:
            return []
        providers = {snapshot.provider for snapshot in snapshots}
        passed = []
        for offer in load_processor_offers():
            if offer.provider not in providers or offer.observed_on > self.today:
                continue
            reason = self._against_processor(offer)
            if reason is None:
                passed.append(offer)
            else:
                self.lost[reason] += 1
        return passed

    def _against_processor(self, offer: Offer) -> str | None:
        counts = self.asked.get(offer.gpu, _NONE)
        places = None if self.places is None else {place for place, _ in self.places[offer.provider]}
        checks = (
            ("other GPUs", counts is _NONE),
            ("other GPU counts", bool(counts) and offer.gpu_count not in (counts or ())),
            ("other GPU counts", bool(self.gpu_counts) and offer.gpu_count not in self.gpu_counts),
            ("other purchase kinds", str(offer.purchase) not in self.purchases),
            ("other instance types", self.types is not None and offer.instance_type not in self.types),
            ("other regions", places is not None and offer.region not in places),
            (self.too_old, offer.observed_on.isoformat() < self.oldest),
        )
        return next((reason for reason, is_against in checks if is_against), None)

    def _reason_against(self, gpu: str, count_text: str, purchase: str) -> str | None:
        """The reason why offers of that GPU, count and purchase are not wanted; worked out once for each."""
        if not is_possible(gpu, count_text, purchase):
            return _IMPOSSIBLE
        count = float(count_text)
        counts = self.asked.get(gpu, _NONE)
        if counts is _NONE:
            return "other GPUs"
        if (counts is not None and count not in counts) or (self.gpu_counts and count not in self.gpu_counts):
            return "other GPU counts"
        return None if purchase in self.purchases else "other purchase kinds"


def _book(snapshot: Snapshot, rows: Iterable[AgedRows], today: date) -> BookUsed:
    return BookUsed(
        provider=snapshot.provider,
        observed_on=snapshot.observed_on,
        age_days=(today - snapshot.observed_on).days,
        source="; ".join(sorted({str(source.get("name", "")) for source in snapshot.sources})),
        ages=price_ages(rows, today),
    )


def purchase_kind(text: str) -> Purchase:
    """The kind of purchase of that name; `on-demand` is `on_demand`.

    Raises:
        UnknownNameError: there is no such kind.
    """
    (word, *others) = meant("purchases", text)
    try:
        return Purchase(text if others else word)
    except ValueError:
        raise UnknownNameError("purchase kind", text, map(str, Purchase), "planner prices list --help") from None
