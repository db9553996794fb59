"""The offers that an answer is made from: newest snapshot of each provider, row by row through the filters."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from planner.errors import NothingLeftError, UnknownNameError
from planner.hardware.gpus import GpuChoice, load_gpus
from planner.model.records import BookUsed, LeftOut, Offer, Purchase, Unpriced
from planner.prices.rows import bad_row, is_possible, offer_of
from planner.prices.snapshots import Snapshot, read_rows

USUAL_PURCHASES = (Purchase.ON_DEMAND, Purchase.SPOT)
"""What can be bought for one run. Commitments bind for a year or more and are shown only when asked for."""
DEARER = "dearer than the best region of the same provider, GPU, count and purchase"
_RETIRED = "instance types that the provider has retired"
_FILTERS = ("other GPUs", "other GPU counts", "other purchase kinds", "other regions")
_IMPOSSIBLE = "a row that cannot be"
_NONE: set[float] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFilter:
    """Which offers are wanted. An empty tuple or `None` asks for all."""

    gpus: tuple[GpuChoice, ...] = ()
    gpu_counts: tuple[float, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    max_price_age_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Offers that passed, in snapshot order, and what became of the others."""

    offers: tuple[Offer, ...]
    books: tuple[BookUsed, ...]
    left_out: tuple[LeftOut, ...]
    unpriced: tuple[tuple[str, Unpriced], ...]  # (provider, entry)
    excludes: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # provider: (glob, what)

    def excluded_from(self, offer: Offer) -> tuple[str, ...]:
        """Parts of the bill that the price of this offer is known to leave out."""
        globs = self.excludes.get(offer.provider, ())
        return tuple(what for glob, what in globs if fnmatch.fnmatchcase(offer.instance_type, glob))


def select_offers(
    snapshots: Sequence[Snapshot], wanted: OfferFilter, *, today: date, every_offer: bool = True
) -> Selection:
    """Offers of the snapshots that pass the filter.

    Args:
        snapshots: one per provider, as `current_snapshots` gives them.
        wanted: the filter.
        today: the day that ages are counted from.
        every_offer: all of them; else only the cheapest per (provider, GPU, count, purchase).

    Raises:
        NothingLeftError: no offer is left; the message says how many each filter took.
        UnknownNameError: a provider or region that no snapshot has.
        SnapshotError: a snapshot holds what it must not hold; the message names file and line.
    """
    remembered = _selected if every_offer else _selected_groups
    return remembered(tuple(snapshots), wanted, today=today, every_offer=every_offer)


def _select(snapshots: tuple[Snapshot, ...], wanted: OfferFilter, *, today: date, every_offer: bool) -> Selection:
    taken = _choose_snapshots(snapshots, wanted.providers)
    sieve = _Sieve(wanted, today)
    offers: list[Offer] = []
    for snapshot in taken:
        offers += sieve.offers(snapshot) if every_offer else sieve.best_offers(snapshot)
    if not offers:
        _explain_nothing(taken, wanted, sieve.lost)
    return Selection(
        offers=tuple(offers),
        books=tuple(_book(snapshot, today) for snapshot in taken),
        left_out=tuple(LeftOut(reason=reason, count=count) for reason, count in sieve.lost.items() if count),
        unpriced=tuple((snapshot.provider, entry) for snapshot in taken for entry in snapshot.unpriced),
        excludes={
            snapshot.provider: tuple((entry["instance_types"], entry["what"]) for entry in snapshot.excludes)
            for snapshot in taken
        },
    )


# every offer is tens of thousands of records, the cheapest of each group some hundred
_selected = lru_cache(maxsize=2)(_select)
_selected_groups = lru_cache(maxsize=256)(_select)


class _Sieve:
    """Runs rows through the filters and counts what each one takes."""

    def __init__(self, wanted: OfferFilter, today: date) -> None:
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
        self.gpu_counts = frozenset(wanted.gpu_counts)
        self.regions = frozenset(region.lower() for region in wanted.regions)
        self.purchases = frozenset(str(purchase) for purchase in wanted.purchases or Purchase)
        age = wanted.max_price_age_days
        self.oldest = "" if age is None else (today - timedelta(days=age)).isoformat()
        self.reasons: dict[tuple[str, str, str], str | None] = {}
        self.too_old = f"price older than {age} days"
        self.lost: Counter[str] = Counter(dict.fromkeys((*_FILTERS, self.too_old, _RETIRED), 0))

    # one straight loop over tens of thousands of rows: calls in it would double its time
    def offers(self, snapshot: Snapshot) -> list[Offer]:
        """Offers of one snapshot that pass, in its order."""
        passed: list[tuple[float, list[str]]] = []
        retired = {name for name, day in snapshot.retired.items() if day <= self.today}
        for line, row in enumerate(read_rows(snapshot), start=2):
            try:
                gpu, count_text, instance_type, region, _, purchase, price_text, _, _, _, day, _ = row
                price = float(price_text)
            except ValueError:
                raise bad_row(snapshot, line, row) from None
            group = (gpu, count_text, purchase)
            if group not in self.reasons:
                self.reasons[group] = self._reason_against(*group)
            reason = self.reasons[group]
            # a NaN is not above 0 either
            if reason is _IMPOSSIBLE or not 0 < price < 1e7:
                raise bad_row(snapshot, line, row)
            if reason is None:
                if self.regions and region.lower() not in self.regions:
                    reason = "other regions"
                elif day < self.oldest:
                    reason = self.too_old
                elif instance_type in retired:
                    reason = _RETIRED
            if reason is not None:
                self.lost[reason] += 1
            else:
                passed.append((price, row))
        return [offer_of(snapshot, price, row) for price, row in passed]

    def best_offers(self, snapshot: Snapshot) -> list[Offer]:
        """The cheapest offer that passes of each group, in the order of their first."""
        found = []
        for group in _groups(snapshot, self.regions, self.oldest, self.today):
            reason = self._reason_against(*group.key)
            if reason is not None:
                self.lost[reason] += group.rows
                continue
            self.lost["other regions"] += group.elsewhere
            self.lost[self.too_old] += group.old
            self.lost[_RETIRED] += group.retired
            if group.best is not None:
                self.lost[DEARER] += group.rows - group.elsewhere - group.old - group.retired - 1
                found.append(group)
        found.sort(key=lambda group: group.first)
        return [offer_of(snapshot, *group.best) for group in found if group.best is not None]

    def _reason_against(self, gpu: str, count_text: str, purchase: str) -> str | None:
        """Why offers of that GPU, count and purchase are not wanted: asked once for each of some hundred groups."""
        if not is_possible(gpu, count_text, purchase):
            return _IMPOSSIBLE
        count = float(count_text)
        counts = self.asked.get(gpu, _NONE)
        if counts is _NONE:
            return "other GPUs"
        if (counts is not None and count not in counts) or (self.gpu_counts and count not in self.gpu_counts):
            return "other GPU counts"
        return None if purchase in self.purchases else "other purchase kinds"


@dataclass(slots=True)
class _Group:
    """Rows of one GPU, count and purchase in a snapshot, and the cheapest of them that may be had."""

    key: tuple[str, str, str]
    rows: int = 0
    elsewhere: int = 0
    old: int = 0
    retired: int = 0
    first: int = 0  # line of the first that may be had
    best: tuple[float, list[str]] | None = None


# which groups are wanted changes from question to question, what they hold does not
@lru_cache(maxsize=64)
def _groups(  # noqa: C901 - one straight loop: calls in it would double its time
    snapshot: Snapshot, regions: frozenset[str], oldest: str, today: date
) -> tuple[_Group, ...]:
    groups: dict[tuple[str, str, str], _Group] = {}
    retired = {name for name, day in snapshot.retired.items() if day <= today}
    for line, row in enumerate(read_rows(snapshot), start=2):
        try:
            gpu, count_text, instance_type, region, _, purchase, price_text, _, _, _, day, _ = row
            price = float(price_text)
        except ValueError:
            raise bad_row(snapshot, line, row) from None
        key = (gpu, count_text, purchase)
        group = groups.get(key)
        if group is None:
            if not is_possible(*key):
                raise bad_row(snapshot, line, row)
            group = groups[key] = _Group(key)
        # a NaN is not above 0 either
        if not 0 < price < 1e7:
            raise bad_row(snapshot, line, row)
        group.rows += 1
        if regions and region.lower() not in regions:
            group.elsewhere += 1
        elif day < oldest:
            group.old += 1
        elif instance_type in retired:
            group.retired += 1
        elif group.best is None:
            group.first, group.best = line, (price, row)
        elif price < group.best[0]:
            group.best = (price, row)
    return tuple(groups.values())


def _choose_snapshots(snapshots: Sequence[Snapshot], providers: Iterable[str]) -> list[Snapshot]:
    by_name = {snapshot.provider: snapshot for snapshot in snapshots}
    for provider in providers:
        if provider.lower() not in by_name:
            raise UnknownNameError("provider", provider, by_name, "planner providers")
    wanted = {provider.lower() for provider in providers} or set(by_name)
    return [snapshot for snapshot in snapshots if snapshot.provider in wanted]


def _book(snapshot: Snapshot, today: date) -> BookUsed:
    return BookUsed(
        provider=snapshot.provider,
        observed_on=snapshot.observed_on,
        age_days=(today - snapshot.observed_on).days,
        source="; ".join(sorted({str(source.get("name", "")) for source in snapshot.sources})),
    )


def _explain_nothing(snapshots: Sequence[Snapshot], wanted: OfferFilter, lost: Counter[str]) -> None:
    if wanted.regions:
        regions = {row[3] for snapshot in snapshots for row in read_rows(snapshot)}
        known = {region.lower() for region in regions}
        for region in wanted.regions:
            if region.lower() not in known:
                raise UnknownNameError("region", region, regions, "planner prices list")
    total = sum(snapshot.rows for snapshot in snapshots)
    taken = ", ".join(f"{reason}: {count:,}" for reason, count in lost.items() if count)
    raise NothingLeftError(
        f"No offer is left of {total:,}. Taken out by the filters, in turn: {taken}."
        f"{_counts_on_offer(snapshots, wanted)} Widen the last one."
    )


def _counts_on_offer(snapshots: Sequence[Snapshot], wanted: OfferFilter) -> str:
    asked = [choice for choice in wanted.gpus if choice.count is not None]
    gpus = {gpu for choice in asked for gpu in choice.gpus}
    counts = sorted({float(row[1]) for snapshot in snapshots for row in read_rows(snapshot) if row[0] in gpus})
    if not counts or any(choice.count in counts for choice in asked):
        return ""
    return (
        f" {', '.join(choice.text for choice in asked)}: instances hold {', '.join(f'{count:g}' for count in counts)};"
        " for more, take several with --nodes."
    )


def purchase_kind(text: str) -> Purchase:
    """The kind of purchase a person means; `on-demand` is `on_demand`.

    Raises:
        UnknownNameError: there is no such kind.
    """
    try:
        return Purchase(text.lower().replace("-", "_"))
    except ValueError:
        raise UnknownNameError("purchase kind", text, map(str, Purchase), "planner prices list --help") from None
