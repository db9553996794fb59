"""The offers that an answer is made from: newest snapshot of each provider, row by row through the filters."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path

from planner.errors import NothingLeftError, SnapshotError, UnknownNameError, UsageError
from planner.hardware.gpus import GpuChoice, load_gpus
from planner.model import LeftOut, Offer, PriceBook, Purchase, Unpriced
from planner.paths import default_user_data_dir, shipped_data_dir
from planner.prices.snapshots import Snapshot, list_snapshots, read_rows, read_snapshot

USUAL_PURCHASES = (Purchase.ON_DEMAND, Purchase.SPOT)
"""What can be bought for one run. Commitments bind for a year or more and are shown only when asked for."""


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
    books: tuple[PriceBook, ...]
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
        offers += sieve.offers(snapshot, every_offer=every_offer)
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


def current_snapshots(data_dir: Path | None = None, *, as_of: date | None = None) -> list[Snapshot]:
    """The newest snapshot of each provider, shipped or the user's own, sorted by provider.

    Args:
        data_dir: the user's folder; `None` is the platform's default, which need not exist.
        as_of: only snapshots of that day or before.

    Raises:
        UsageError: `data_dir` is given and is not a folder.
        SnapshotError: a sidecar cannot be read.
    """
    newest: dict[str, Path] = {}
    for path in [*list_snapshots(shipped_data_dir()), *user_snapshots(data_dir)]:
        if as_of is not None and path.stem[:10] > as_of.isoformat():
            continue
        known = newest.get(path.parent.name)
        # the user's own come later in the list and win over a shipped one of the same day
        if known is None or path.stem >= known.stem:
            newest[path.parent.name] = path
    if not newest:
        raise NothingLeftError(f"There is no price snapshot of {as_of} or before. See: planner providers")
    return [_unchanged_snapshot(path, *_state(path)) for _, path in sorted(newest.items())]


@lru_cache(maxsize=64)
def _unchanged_snapshot(path: Path, *_: tuple[int, int] | None) -> Snapshot:
    return read_snapshot(path)


def _state(path: Path) -> Iterator[tuple[int, int] | None]:
    """Size and time of change of both files of a snapshot: what is asked again before an answer is used again."""
    for file in (path, path.with_suffix(".json")):
        try:
            status = file.stat()
        except OSError:
            yield None  # who reads the file says what is wrong with it
        else:
            yield status.st_size, status.st_mtime_ns


def user_snapshots(data_dir: Path | None) -> list[Path]:
    """Snapshots in the user's folder; none if the default folder does not exist.

    Raises:
        UsageError: a folder was given and is not one.
    """
    folder = default_user_data_dir() if data_dir is None else data_dir
    if data_dir is not None and not folder.is_dir():
        raise UsageError(f"The data directory {str(folder)!r} is not a folder. Make it, or leave out --data-dir.")
    return list_snapshots(folder)


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
        self.reasons: dict[_Group, str | None] = {}
        self.too_old = f"price older than {age} days"
        self.lost: Counter[str] = Counter(dict.fromkeys((*_FILTERS, self.too_old, _RETIRED), 0))

    # one straight loop over tens of thousands of rows: calls in it would double its time
    def offers(self, snapshot: Snapshot, *, every_offer: bool) -> list[Offer]:  # noqa: C901, PLR0912
        """Offers of one snapshot that pass, in its order."""
        passed: list[tuple[float, list[str]]] = []
        best: dict[_Group, tuple[float, list[str]]] = {}
        retired = {name for name, day in snapshot.retired.items() if day <= self.today}
        for line, row in enumerate(read_rows(snapshot), start=2):
            try:
                gpu, count_text, instance_type, region, _, purchase, price_text, _, _, _, day, _ = row
                price = float(price_text)
            except ValueError:
                raise _bad_row(snapshot, line, row) from None
            group = (gpu, count_text, purchase)
            if group not in self.reasons:
                self.reasons[group] = self._reason_against(*group)
            reason = self.reasons[group]
            # a NaN is not above 0 either
            if reason is _IMPOSSIBLE or not 0 < price < 1e7:
                raise _bad_row(snapshot, line, row)
            if reason is None:
                if self.regions and region.lower() not in self.regions:
                    reason = "other regions"
                elif day < self.oldest:
                    reason = self.too_old
                elif instance_type in retired:
                    reason = _RETIRED
            if reason is not None:
                self.lost[reason] += 1
            elif every_offer:
                passed.append((price, row))
            elif group not in best:
                best[group] = (price, row)
            else:
                self.lost[DEARER] += 1
                if price < best[group][0]:
                    best[group] = (price, row)
        return [_offer(snapshot, price, row) for price, row in (passed or best.values())]

    def _reason_against(self, gpu: str, count_text: str, purchase: str) -> str | None:
        """Why offers of that GPU, count and purchase are not wanted: asked once for each of some hundred groups."""
        count = float(count_text) if _is_positive(count_text) else 0.0
        if not 0 < count < 1e6 or gpu not in _known_gpus() or purchase not in _PURCHASES:
            return _IMPOSSIBLE
        counts = self.asked.get(gpu, _NONE)
        if counts is _NONE:
            return "other GPUs"
        if (counts is not None and count not in counts) or (self.gpu_counts and count not in self.gpu_counts):
            return "other GPU counts"
        return None if purchase in self.purchases else "other purchase kinds"


_Group = tuple[str, str, str]
_IMPOSSIBLE = "a row that cannot be"
_NONE: set[float] = set()
_FILTERS = ("other GPUs", "other GPU counts", "other purchase kinds", "other regions")
DEARER = "dearer than the best region of the same provider, GPU, count and purchase"
_RETIRED = "instance types that the provider has retired"
_PURCHASES = frozenset(str(purchase) for purchase in Purchase)


_VERIFY = "Delete the snapshot, or look at it with: planner prices verify"


@cache
def _known_gpus() -> frozenset[str]:
    return frozenset(load_gpus())


def _bad_row(snapshot: Snapshot, line: int, row: list[str]) -> SnapshotError:
    where = f"{snapshot.path}, line {line}"
    if len(row) != 12:
        return SnapshotError(f"{where}: {len(row)} columns where 12 belong.")
    if row[0] not in load_gpus():
        return SnapshotError(f"{where}, column gpu: unknown GPU {row[0]!r}. See: planner gpus")
    if row[5] not in _PURCHASES:
        return SnapshotError(
            f"{where}, column purchase: unknown kind {row[5]!r}; known: {', '.join(sorted(_PURCHASES))}."
        )
    column, text = ("gpu_count", row[1]) if not _is_positive(row[1]) else ("usd_per_hour", row[6])
    return SnapshotError(f"{where}, column {column}: {text!r} is not a positive number. {_VERIFY}")


def _is_positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _offer(snapshot: Snapshot, price: float, row: list[str]) -> Offer:
    try:
        return _parsed(snapshot.provider, price, row)
    except ValueError as error:
        raise SnapshotError(f"{snapshot.path}, {row[2]} in {row[3]}, {row[5]}: {error}. {_VERIFY}") from error


def _parsed(provider: str, price: float, row: list[str]) -> Offer:
    return Offer(
        provider=provider,
        instance_type=row[2],
        region=row[3],
        zone=row[4] or None,
        gpu=row[0],
        gpu_count=float(row[1]),
        vcpus=float(row[7]) if row[7] else None,
        memory_gib=float(row[8]) if row[8] else None,
        network_gbps=float(row[9]) if row[9] else None,
        purchase=Purchase(row[5]),
        usd_per_hour=price,
        observed_on=date.fromisoformat(row[10]),
        source=row[11],
    )


def _choose_snapshots(snapshots: Sequence[Snapshot], providers: Iterable[str]) -> list[Snapshot]:
    by_name = {snapshot.provider: snapshot for snapshot in snapshots}
    for provider in providers:
        if provider.lower() not in by_name:
            raise UnknownNameError("provider", provider, by_name, "planner providers")
    wanted = {provider.lower() for provider in providers} or set(by_name)
    return [snapshot for snapshot in snapshots if snapshot.provider in wanted]


def _book(snapshot: Snapshot, today: date) -> PriceBook:
    return PriceBook(
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
