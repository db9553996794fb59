"""New price books: deliver, check, merge over the book before, write. One provider's failure never stops another."""

from __future__ import annotations

import errno
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from planner.errors import NotAskedError, OutputError, PlannerError, ProviderError, as_option
from planner.model.frozen import dataclass, values_of
from planner.model.records import HeldBack, Offer, Purchase
from planner.outside.words import said_plainly, without_secrets
from planner.paths import contained
from planner.prices.books import free_stem, newest_offers, previous_book, retired_entries, same_book
from planner.prices.changes import Changes, changes
from planner.prices.checks import Bands, Checked, check_offers, price_bands
from planner.prices.delivery import Delivery, Reach, check_day, clear_fetches, fetch_delivery, saved_delivery
from planner.prices.doubted import doubted_entries
from planner.prices.index import INDEX_SUFFIX, index_of
from planner.prices.lock import cannot_write, refresh_lock
from planner.prices.merge import Merged, merged, merged_excludes, merged_retired, merged_sources, merged_unpriced
from planner.prices.quarantine import held_back_csv, held_back_path
from planner.prices.readers import Found, find_deliveries
from planner.prices.refusals import all_held_back_text, no_price_text, not_believed_text
from planner.prices.registry import what_failed
from planner.prices.scratch import scratch_folder
from planner.prices.snapshots import (
    Snapshot,
    interrupted_writes,
    list_snapshots,
    read_rows,
    read_snapshot,
    write_durably,
    write_snapshot,
)
from planner.prices.variants import Said, said_gpus
from planner.prices.whole_checks import check_whole

Progress = Callable[[str, str], None]
"""Called with the provider and one short line a step; from several threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOrder:
    """The order for a refresh; empty `regions` or `purchases` mean all.

    Region names are in lower case. With `is_for_all` nobody named the providers: one that cannot be asked does not fail.
    `path` reads prices saved elsewhere instead of fetching; `observed_on` dates files there that carry no date,
    `gpu_variants` (NAME=GPU) say which GPU a name there means where it stands for several.
    """

    data_dir: Path
    providers: tuple[str, ...] = ()
    is_for_all: bool = False
    regions: tuple[str, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    timeout_seconds: float = 30.0
    jobs: int = 4
    is_offline: bool = False
    path: Path | None = None
    observed_on: date | None = None
    gpu_variants: tuple[str, ...] = ()
    is_dry_run: bool = False
    accepts: bool = False

    def asks_for(self, offer: Offer) -> bool:
        """Whether the offer is within the regions and purchases of this order."""
        return _is_within(offer, self.regions, self.purchases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one delivery: `path` of a new book, or `error` (with a `traceback` if it was a bug).

    With `is_not_asked` it is neither: the notes say which key or pages are missing. `kept` counts rows of the book before, `compared_with`, that the delivery did not replace.
    """

    provider: str
    error: str | None = None
    traceback: str | None = None
    is_not_asked: bool = False
    stem: str | None = None
    path: Path | None = None
    rows: int = 0
    kept: int = 0
    changes: Changes | None = None
    compared_with: str | None = None
    held_back: tuple[HeldBack, ...] = ()
    unknown_gpus: tuple[tuple[str, int], ...] = ()
    new_types: tuple[str, ...] = ()
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
    # a fetch keeps its pages in the data folder: a signal that ends it at once leaves no temporary folder behind
    with refreshing(order, needs_scratch=order.path is not None or order.is_dry_run) as scratch:
        said = said_gpus(order.gpu_variants)
        outcomes = delivered(order, _brought_along(order, scratch, said), scratch, progress)
        return _with_names_not_met(outcomes, said) if order.path else outcomes


@contextmanager
def refreshing(order: RefreshOrder, *, needs_scratch: bool = True) -> Iterator[Path]:
    """Hold the lock of a swept data folder (in a dry run, neither) while the block runs; gives a folder for scratch.

    Without `needs_scratch` that is the data folder, and nothing is to be written there.

    Raises:
        ProviderError: another refresh holds the lock.
        OutputError: the data folder cannot be written.
    """
    lock = nullcontext() if order.is_dry_run else refresh_lock(order.data_dir)
    with lock, scratch_folder() if needs_scratch else nullcontext(order.data_dir) as scratch:
        if not order.is_dry_run:
            _sweep(order.data_dir)
        yield Path(scratch)


def delivered(order: RefreshOrder, found: Sequence[Found] | None, scratch: Path, progress: Progress) -> list[Outcome]:
    """Take what was found, or what the order's providers give if it is `None`, provider by provider, side by side.

    Returns:
        Outcomes by provider, oldest delivery first.
    """
    run = _Run(order, found, scratch, progress)
    pool = ThreadPoolExecutor(max_workers=max(1, order.jobs))
    try:
        return [outcome for outcomes in pool.map(run.one_provider, run.providers) for outcome in outcomes]
    except BaseException:
        # a request under way may take its whole timeout: it is not waited for, and nothing is written after it; what reads a
        # file writes into the scratch folder, which is to be gone
        pool.shutdown(wait=False, cancel_futures=True)
        run.stop()
        raise
    finally:
        pool.shutdown(wait=not run.is_stopped or order.path is not None)


_WRITE_ERRORS = {errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT}


class _Run:
    """One refresh, with everything that its providers share."""

    def __init__(self, order: RefreshOrder, found: Sequence[Found] | None, scratch: Path, progress: Progress) -> None:
        self.order = order
        self.found = found
        self.scratch = scratch
        self.progress = progress
        self.is_stopped = False
        self.writing = threading.Lock()
        self.providers = order.providers if found is None else tuple(dict.fromkeys(each.provider for each in found))
        self.bands: Bands = price_bands(newest_offers(order.data_dir))

    def stop(self) -> None:
        """End every provider at its next step, once a book that is being written is whole, and drop unfinished fetches."""
        with self.writing:
            self.is_stopped = True
        if self.found is None and not self.order.is_dry_run:
            for provider in self.providers:
                clear_fetches(contained(self.order.data_dir, f"raw/{provider}"), keep_newest=False)

    def one_provider(self, provider: str) -> list[Outcome]:
        """All deliveries of one provider, oldest first."""
        if self.found is None:
            return [self._outcome(provider, partial(self._deliver, provider))]
        return [self._outcome(provider, each.load) for each in self.found if each.provider == provider]

    def _outcome(self, provider: str, load: Callable[[], Delivery]) -> Outcome:
        try:
            return self._take(load())
        except PlannerError as error:
            text = said_plainly(error.spelled(as_option))
            if self.order.is_for_all and isinstance(error, NotAskedError):
                return Outcome(provider=provider, is_not_asked=True, notes=(f"not asked: {text}",))
            return Outcome(provider=provider, error=text)
        except OSError as error:
            return Outcome(provider=provider, error=said_plainly(self._system_refusal(error)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the boundary round each provider: reported, and the others go on
            text = f"The adapter failed in a way it should not: {what_failed(error)}"
            return Outcome(
                provider=provider, error=said_plainly(text), traceback=without_secrets(traceback.format_exc())
            )

    def _deliver(self, provider: str) -> Delivery:
        folder = contained(self.order.data_dir, f"raw/{provider}")
        if self.order.is_offline:
            return saved_delivery(provider, folder)
        if self.order.is_dry_run:
            folder = self.scratch / provider
        else:
            clear_fetches(folder, keep_newest=False)
        return fetch_delivery(
            provider,
            folder,
            now=datetime.now(UTC),
            regions=self.order.regions,
            purchases=self.order.purchases,
            timeout_seconds=self.order.timeout_seconds,
            report=partial(self._report, provider),
        )

    def _take(self, delivery: Delivery) -> Outcome:
        """Check a delivery, merge it over the book before, and write the result."""
        self._report(delivery.provider, "checking")
        order = self.order
        check_day(delivery, datetime.now(UTC))
        notes = list(delivery.notes)
        stem = free_stem(order.data_dir, delivery.provider, delivery.observed_at, datetime.now(UTC))
        before = previous_book(order.data_dir, delivery.provider, stem, notes)
        old = before[1] if before else ()
        newest = previous_book(order.data_dir, delivery.provider, "9999", [])
        known = newest[1] if newest else old
        wanted = [offer for offer in delivery.parsed.offers if order.asks_for(offer)]
        day = delivery.observed_at.date()
        check = partial(check_offers, wanted, previous=old or known, types=known, bands=self.bands, day=day)
        checked = check(accepts=order.accepts)
        result = merged(delivery, checked, old, partial(_is_asked_for, order, delivery))
        result = replace(result, held_back=tuple(map(_plain_row, result.held_back)))
        sold = [offer for offer in result.replaced if offer.purchase not in delivery.parsed.ended]
        refusals = check_whole(
            checked.offers,
            sold,
            implausible=checked.implausible,
            may_shrink=delivery.reach is Reach.LISTED_ONLY,
        )
        is_refused = bool(refusals) and not (order.accepts and checked.offers)
        same = None if is_refused else same_book(order.data_dir, delivery.provider, delivery.observed_at, result.offers)
        if same is not None:
            notes.append(f"the same as book {same}: nothing written")
        elif not is_refused:
            notes += [f"accepted: {reason}" for reason in refusals]
            if newest and stem < newest[0].stem:
                notes.append(f"book {newest[0].stem} is newer and stays in use; this one answers for its day (--as-of)")
        outcome = Outcome(
            provider=delivery.provider,
            error=self._refusal(delivery, refusals, result, check) if is_refused else None,
            stem=None if is_refused else same or stem,
            rows=len(result.offers),
            kept=len(result.kept),
            changes=changes(old, result.offers),
            compared_with=before[0].stem if before else None,
            held_back=result.held_back,
            unknown_gpus=tuple((said_plainly(name), count) for name, count in delivery.parsed.unknown_gpus),
            new_types=tuple(sorted(_types(checked.offers) - _types(old))),
            unpriced=len(delivery.parsed.unpriced),
            gaps=tuple(map(said_plainly, delivery.parsed.gaps)),
            notes=tuple(map(said_plainly, notes)),
        )
        if is_refused or same is not None or order.is_dry_run:
            return outcome
        with self.writing:
            self._report(delivery.provider, "writing")
            return replace(outcome, path=self._write(delivery, before[0] if before else None, result, stem))

    def _write(self, delivery: Delivery, before: Snapshot | None, result: Merged, stem: str) -> Path:
        data_dir, provider = self.order.data_dir, delivery.provider
        if result.held_back:
            text = held_back_csv(provider, delivery.observed_at.date(), result.held_back)
            place = held_back_path(contained(data_dir, f"prices/{provider}/{stem}.csv"))
            write_durably(place, without_secrets(text).encode(errors="backslashreplace"))
        path = write_snapshot(
            data_dir,
            provider=provider,
            stem=stem,
            offers=result.offers,
            sources=merged_sources(delivery, before, result.kept),
            unpriced=merged_unpriced(delivery, before, result.offers),
            excludes=merged_excludes(delivery, before, result.kept),
            retired=merged_retired(delivery, retired_entries(before) if before else ()),
            doubted=doubted_entries(result.offers),
            made_by=f"planner refresh, gpu-cost-planner {_version()}",
        )
        written = read_snapshot(path)
        if sum(1 for _ in read_rows(written)) != len(result.offers):
            raise OutputError(f"{path} does not read back as written. Check the disk.")
        index_of(written)  # makes it, so that the next question need not
        if self.found is None:
            clear_fetches(contained(data_dir, f"raw/{provider}"), keep_newest=True)
        return path

    def _refusal(
        self, delivery: Delivery, reasons: Sequence[str], result: Merged, check: Callable[..., Checked]
    ) -> str:
        again = f"planner refresh {delivery.provider} --offline --accept"
        if self.found is not None or self.order.is_dry_run:
            again = "repeat the command with --accept"
        if result.fresh:
            return not_believed_text(reasons, again)
        if not result.held_back:
            return no_price_text(delivery, self.order.regions, map(str, self.order.purchases), result.kept)
        would_help = not self.order.accepts and check(accepts=True).offers
        return all_held_back_text(result.held_back, again if would_help else None)

    def _system_refusal(self, error: OSError) -> str:
        if error.errno in _WRITE_ERRORS:
            where = error.filename or f"below {self.order.data_dir}"
            return cannot_write(where, error).spelled(as_option)
        return f"The system refused: {error}."

    def _report(self, provider: str, line: str) -> None:
        if self.is_stopped:
            raise ProviderError("Interrupted.")
        self.progress(provider, said_plainly(line))


def _plain_row(row: HeldBack) -> HeldBack:
    """A row that was not believed, as it may be shown: its texts are those of a service or a file."""
    cells = values_of(row)
    return replace(row, **{name: value and said_plainly(value) for name, value in cells.items()})


def _with_names_not_met(outcomes: Sequence[Outcome], said: Said) -> list[Outcome]:
    """The outcomes, the last with a note on what a person said of names that no row goes by."""
    names = said.not_met()
    if not names:
        return [*outcomes]
    note = f"no row goes by what --gpu-variant says of {', '.join(names)}: it takes names of GPUs or types as the file has them"
    return [*outcomes[:-1], replace(outcomes[-1], notes=(*outcomes[-1].notes, note))]


def _brought_along(order: RefreshOrder, scratch: Path, said: Said) -> list[Found] | None:
    if order.path is None:
        return None
    found = find_deliveries(
        order.path,
        scratch=scratch,
        data_dir=order.data_dir,
        observed_on=order.observed_on,
        said=said,
    )
    wanted = [each for each in found if not order.providers or each.provider in order.providers]
    if not wanted:
        have = ", ".join(sorted({each.provider for each in found}))
        raise ProviderError(f"{order.path} holds no prices of {', '.join(order.providers)}; it holds: {have}.")
    return wanted


def _types(offers: Sequence[Offer]) -> set[str]:
    return {offer.instance_type for offer in offers}


def _is_asked_for(order: RefreshOrder, delivery: Delivery, offer: Offer) -> bool:
    return order.asks_for(offer) and _is_within(offer, delivery.regions, delivery.purchases)


def _is_within(offer: Offer, regions: Sequence[str], purchases: Sequence[Purchase]) -> bool:
    return (not regions or offer.region.lower() in regions) and (not purchases or offer.purchase in purchases)


def _version() -> str:
    try:
        return version("gpu-cost-planner")
    except PackageNotFoundError:
        return "not installed"  # run from a checkout


def _sweep(data_dir: Path) -> None:
    """Removes files that interrupted refreshes left; the lock says that none is running."""
    prices = data_dir / "prices"
    for path in (*prices.glob("*/.*.tmp"), *interrupted_writes(data_dir)):
        path.unlink(missing_ok=True)
    books = set(list_snapshots(data_dir))
    for path in (*prices.glob("*/*.held-back.csv"), *prices.glob(f"*/*{INDEX_SUFFIX}")):
        if path.with_name(f"{path.name.partition('.')[0]}.csv") not in books:
            path.unlink(missing_ok=True)
