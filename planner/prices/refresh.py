"""New price books: deliver, check, merge over the book before, write. One provider's failure never stops another.

A delivery replaces the rows it set out to replace and no others: a refresh of one region keeps the other regions of
the book before, each row with the day it was observed. Where a fetch left gaps, (region, purchase) pairs without a
fresh row keep their older rows; without gaps, what is not listed any more is gone.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from planner.errors import OutputError, PlannerError, ProviderError
from planner.model import HeldBack, Offer, Purchase, Unpriced
from planner.prices.books import book_paths, free_stem, newest_offers, previous_book
from planner.prices.changes import Changes, changes, offer_key
from planner.prices.checks import (
    Bands,
    check_offers,
    check_whole,
    held_back,
    on_demand_prices,
    price_bands,
    spot_problem,
)
from planner.prices.delivery import Delivery, clear_fetches, fetch_delivery, saved_delivery
from planner.prices.lock import refresh_lock
from planner.prices.readers import Found, find_deliveries
from planner.prices.snapshots import Snapshot, csv_bytes, read_snapshot, write_durably, write_snapshot

HELD_BACK_COLUMNS = (
    "provider",
    "instance_type",
    "region",
    "zone",
    "gpu",
    "gpu_count",
    "purchase",
    "usd_per_hour",
    "observed_on",
    "source",
    "reason",
)

Progress = Callable[[str, str], None]
"""Called with the provider and one short line a step; from several threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOrder:
    """What to refresh and how; empty `regions` or `purchases` mean all.

    `path` reads prices saved elsewhere instead of fetching; `observed_on` dates files there that carry no date.
    """

    data_dir: Path
    providers: tuple[str, ...]
    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    timeout_seconds: float = 30.0
    jobs: int = 4
    is_offline: bool = False
    path: Path | None = None
    observed_on: date | None = None
    is_dry_run: bool = False
    accepts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivery; `error` is set if no book came of it (with a `traceback` if that was
    a bug), `path` if a new one was written.

    `kept` counts rows of the book before that the delivery did not replace.
    """

    provider: str
    error: str | None = None
    traceback: str | None = None
    stem: str | None = None
    path: Path | None = None
    rows: int = 0
    kept: int = 0
    changes: Changes | None = None
    compared_with: str | None = None
    held_back: tuple[HeldBack, ...] = ()
    unknown_gpus: tuple[tuple[str, int], ...] = ()
    unpriced: int = 0
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def refresh(order: RefreshOrder, progress: Progress) -> list[Outcome]:
    """Refresh every provider of the order side by side.

    Returns:
        Outcomes by provider, in the order asked for; several for one provider if a path holds several of its books.

    Raises:
        ProviderError: another refresh holds the lock, or the path holds nothing that can be read.
        OutputError: the data folder cannot be written.
    """
    lock = nullcontext() if order.is_dry_run else refresh_lock(order.data_dir)
    with lock, tempfile.TemporaryDirectory(prefix="planner-refresh-") as scratch:
        if not order.is_dry_run:
            _sweep(order.data_dir)
        found = _brought_along(order, Path(scratch))
        providers = order.providers if found is None else tuple(dict.fromkeys(each.provider for each in found))
        bands = price_bands(newest_offers(order.data_dir))
        stopped = threading.Event()

        def one_provider(provider: str) -> list[Outcome]:
            def report(line: str) -> None:
                # the only way to stop a thread that waits for a cloud: at its next step
                if stopped.is_set():
                    raise ProviderError("Interrupted.")
                progress(provider, without_secrets(line))

            return _refresh_provider(provider, found, order, bands, Path(scratch), report)

        with ThreadPoolExecutor(max_workers=max(1, order.jobs)) as pool:
            try:
                return [outcome for outcomes in pool.map(one_provider, providers) for outcome in outcomes]
            except BaseException:
                stopped.set()
                raise


def without_secrets(text: str) -> str:
    """The text with the values of all environment variables that look secret taken out.

    Adapters do not put credentials into messages; this is for the message of a library that does.
    """
    for name, value in os.environ.items():
        if len(value) >= 8 and any(word in name.upper() for word in ("SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL")):
            text = text.replace(value, f"<{name}>")
    return text


def held_back_path(book: Path) -> Path:
    """The quarantine file of a book: readable rows with the reason each was not believed."""
    return book.with_name(f"{book.stem}.held-back.csv")


def _brought_along(order: RefreshOrder, scratch: Path) -> list[Found] | None:
    if order.path is None:
        return None
    found = find_deliveries(order.path, scratch=scratch, data_dir=order.data_dir, observed_on=order.observed_on)
    wanted = [each for each in found if not order.providers or each.provider in order.providers]
    if not wanted:
        have = ", ".join(sorted({each.provider for each in found}))
        raise ProviderError(f"{order.path} holds no prices of {', '.join(order.providers)}; it holds: {have}.")
    return wanted


def _refresh_provider(
    provider: str,
    found: list[Found] | None,
    order: RefreshOrder,
    bands: Bands,
    scratch: Path,
    report: Callable[[str], None],
) -> list[Outcome]:
    if found is None:
        return [_outcome(provider, lambda: _deliver(provider, order, scratch, report), order, bands, report)]
    return [
        _outcome(provider, each.load, order, bands, report) for each in found if each.provider == provider
    ]


def _outcome(
    provider: str,
    load: Callable[[], Delivery],
    order: RefreshOrder,
    bands: Bands,
    report: Callable[[str], None],
) -> Outcome:
    try:
        return _take(load(), order, bands, report)
    except (PlannerError, OSError) as error:
        return Outcome(provider=provider, error=without_secrets(str(error)))
    except Exception as error:  # noqa: BLE001 - the boundary round each provider: reported, and the others go on
        text = f"The adapter failed in a way it should not: {type(error).__name__}: {error}"
        return Outcome(
            provider=provider, error=without_secrets(text), traceback=without_secrets(traceback.format_exc())
        )


def _deliver(provider: str, order: RefreshOrder, scratch: Path, report: Callable[[str], None]) -> Delivery:
    folder = order.data_dir / "raw" / provider
    if order.is_offline:
        return saved_delivery(provider, folder)
    if order.is_dry_run:
        folder = scratch / provider
    else:
        clear_fetches(folder, keep_newest=False)
    return fetch_delivery(
        provider,
        folder,
        now=datetime.now(UTC),
        regions=order.regions,
        purchases=order.purchases,
        timeout_seconds=order.timeout_seconds,
        report=report,
    )


def _take(delivery: Delivery, order: RefreshOrder, bands: Bands, report: Callable[[str], None]) -> Outcome:
    """Check a delivery, merge it over the book before, and write the result."""
    report("checking")
    notes: list[str] = []
    stem = free_stem(order.data_dir, delivery.provider, delivery.observed_at, datetime.now(UTC))
    before = previous_book(order.data_dir, delivery.provider, stem, notes)
    old = before[1] if before else ()
    wanted = [offer for offer in delivery.parsed.offers if _asked_for(offer, order.regions, order.purchases)]
    checked = check_offers(wanted, previous=old, bands=bands)
    replaced, kept = _part(old, delivery, order, checked.offers, checked.held_back)
    kept, stale = _contradicted(kept, checked.offers)
    held = (*delivery.parsed.held_back, *checked.held_back, *stale)
    offers = (*checked.offers, *kept)
    outcome = Outcome(
        provider=delivery.provider,
        rows=len(offers),
        kept=len(kept),
        changes=changes(old, offers),
        compared_with=before[0].stem if before else None,
        held_back=held,
        unknown_gpus=delivery.parsed.unknown_gpus,
        unpriced=len(delivery.parsed.unpriced),
        gaps=delivery.parsed.gaps,
        notes=tuple(notes),
    )
    refusals = check_whole(checked.offers, replaced)
    if refusals and not (order.accepts and checked.offers):
        return replace(outcome, error=_refusal(refusals, outcome))
    if refusals:
        outcome = replace(outcome, notes=(*outcome.notes, *(f"accepted: {reason}" for reason in refusals)))
    known = _same_book(order.data_dir, delivery, offers)
    if known is not None:
        return replace(outcome, stem=known, notes=(*outcome.notes, f"the same as book {known}: nothing written"))
    if order.is_dry_run:
        return replace(outcome, stem=stem)
    report("writing")
    return replace(outcome, stem=stem, path=_write(delivery, before, kept, offers, held, order, stem))


def _asked_for(offer: Offer, regions: Sequence[str], purchases: Sequence[Purchase]) -> bool:
    return (not regions or offer.region in regions) and (not purchases or offer.purchase in purchases)


def _part(
    old: Sequence[Offer],
    delivery: Delivery,
    order: RefreshOrder,
    fresh: Sequence[Offer],
    held: Sequence[HeldBack],
) -> tuple[list[Offer], list[Offer]]:
    """Rows of the old book that the delivery replaces, and those that stay."""
    seen_offers = {(offer.instance_type, offer.region, str(offer.purchase)) for offer in fresh}
    seen_offers |= {(row.instance_type, row.region, str(row.purchase)) for row in held}
    seen_cells = {offer[1:] for offer in seen_offers}
    replaced: list[Offer] = []
    kept: list[Offer] = []
    for offer in old:
        name = (offer.instance_type, offer.region, str(offer.purchase))
        is_asked = _asked_for(offer, delivery.regions, delivery.purchases) and _asked_for(
            offer, order.regions, order.purchases
        )
        if delivery.is_addition:
            is_replaced = is_asked and name in seen_offers
        else:
            is_replaced = is_asked and (not delivery.parsed.gaps or name[1:] in seen_cells)
        (replaced if is_replaced else kept).append(offer)
    return replaced, kept


def _contradicted(kept: list[Offer], fresh: Sequence[Offer]) -> tuple[list[Offer], list[HeldBack]]:
    """Older spot prices that today's on-demand prices have overtaken leave the book too."""
    on_demand = on_demand_prices([*kept, *fresh])
    problems = {offer_key(offer): problem for offer in kept if (problem := spot_problem(offer, on_demand))}
    return (
        [offer for offer in kept if offer_key(offer) not in problems],
        [held_back(offer, problems[offer_key(offer)]) for offer in kept if offer_key(offer) in problems],
    )


def _refusal(reasons: Sequence[str], outcome: Outcome) -> str:
    first = f" First row held back: {outcome.held_back[0].reason}." if outcome.held_back else ""
    return (
        f"The prices as a whole are not believed. {' '.join(reasons)}"
        f"{first} The book before stays in use. If the change is real: planner refresh {outcome.provider} --accept"
    )


def _same_book(data_dir: Path, delivery: Delivery, offers: Sequence[Offer]) -> str | None:
    """Stem of a book of the same day with exactly these rows."""
    day = delivery.observed_at.date().isoformat()
    body = csv_bytes(offers)
    for path in book_paths(data_dir, delivery.provider):
        if path.stem[:10] == day and path.is_file() and path.read_bytes() == body:
            return path.stem
    return None


def _write(
    delivery: Delivery,
    before: tuple[Snapshot, tuple[Offer, ...]] | None,
    kept: Sequence[Offer],
    offers: Sequence[Offer],
    held: Sequence[HeldBack],
    order: RefreshOrder,
    stem: str,
) -> Path:
    book = order.data_dir / "prices" / delivery.provider / f"{stem}.csv"
    if held:
        write_durably(held_back_path(book), _held_back_csv(delivery, held))
    old = before[0] if before and kept else None
    path = write_snapshot(
        order.data_dir,
        provider=delivery.provider,
        stem=stem,
        offers=offers,
        sources=[*delivery.sources, *(old.sources if old else ())],
        unpriced=_unpriced(delivery, before[0] if before else None, offers),
        excludes=_excludes(delivery, old, kept),
        made_by=f"planner refresh, gpu-cost-planner {_version()}",
    )
    _read_back(path)
    if order.path is None:
        clear_fetches(order.data_dir / "raw" / delivery.provider, keep_newest=True)
    return path


def _held_back_csv(delivery: Delivery, held: Iterable[HeldBack]) -> bytes:
    day = delivery.observed_at.date().isoformat()
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HELD_BACK_COLUMNS)
    rows = [
        [delivery.provider, row.instance_type, row.region, row.zone, row.gpu, row.gpu_count, row.purchase, row.usd_per_hour]
        + [day, row.source, row.reason]
        for row in held
    ]
    writer.writerows(sorted([["" if cell is None else str(cell) for cell in row] for row in rows]))
    return without_secrets(file.getvalue()).encode()


def _unpriced(delivery: Delivery, before: Snapshot | None, offers: Iterable[Offer]) -> list[Unpriced]:
    fresh = delivery.parsed.unpriced
    settled = {offer.instance_type for offer in offers} | {entry.instance_type for entry in fresh}
    return [*fresh, *(entry for entry in (before.unpriced if before else ()) if entry.instance_type not in settled)]


def _excludes(delivery: Delivery, old: Snapshot | None, kept: Iterable[Offer]) -> list[dict[str, Any]]:
    types = {offer.instance_type for offer in kept}
    carried = [
        entry
        for entry in (old.excludes if old else ())
        if any(fnmatchcase(name, str(entry.get("instance_types"))) for name in types)
    ]
    return [*delivery.excludes, *(entry for entry in carried if entry not in delivery.excludes)]


def _read_back(path: Path) -> None:
    """A disk may lose what it took; a book that does not read back is an error now, not at the next estimate."""
    snapshot = read_snapshot(path)
    if len(path.read_bytes().splitlines()) - 1 != snapshot.rows:
        raise OutputError(f"{path} does not read back as written. Check the disk.")


def _version() -> str:
    try:
        return version("gpu-cost-planner")
    except PackageNotFoundError:
        return "not installed"  # run from a checkout


def _sweep(data_dir: Path) -> None:
    """Remove temporary files of killed refreshes; the lock says that none is running."""
    for path in (data_dir / "prices").glob("*/.*.tmp"):
        path.unlink(missing_ok=True)
