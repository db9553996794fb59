"""Published price books over HTTPS, for `planner prices pull`: fetched, distrusted, and taken as a refresh takes prices.

Nothing of an index or a book is believed for having been published: names and paths are checked before they are used, the
checksum before a book is parsed, and its rows by the checks of a refresh. A book, and a single price, never gives way to
an older one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import ProviderError
from planner.model.frozen import dataclass
from planner.prices.checksums import sha256_of
from planner.prices.delivery import MOST_TIMEOUTS, Delivery, Reach
from planner.prices.published import PublishedBook, PublishedIndex, moment_text, read_index
from planner.prices.published_book import local_copy
from planner.prices.pulled import LastPull, day_here, last_pull, write_last_pull
from planner.prices.readers import Found, find_deliveries
from planner.prices.refresh import Outcome, Progress, RefreshOrder, delivered, refreshing
from planner.prices.registry import publisher
from planner.prices.variants import Said

if TYPE_CHECKING:
    from providers.published import Publisher

MOST_INDEX_BYTES = 1024 * 1024
MOST_BOOK_BYTES = 32 * 1024 * 1024  # the largest of today's has 0.4 MB
MOST_SIDECAR_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The outcome for each provider of an index, and what is to be said of the index itself."""

    outcomes: Sequence[Outcome]
    notes: tuple[str, ...] = ()


def pull(order: RefreshOrder, address: str, progress: Progress, *, hosts: Sequence[str] = ()) -> Pulled:
    """Take the books published at an address that are newer than those here.

    Args:
        order: where to, and which providers, regions and purchases; `path` and `is_offline` say nothing here.
        address: of the index, or of the folder that it lies in.
        progress: as for a refresh.
        hosts: further hosts that the address may redirect to.

    Raises:
        UsageError: the address is not a plain https address.
        ProviderError: there is no index that can be believed, or a refresh holds the lock.
        OutputError: the data folder cannot be written.
    """
    source = publisher(
        address,
        hosts=hosts,
        timeout_seconds=order.timeout_seconds,
        most_seconds=MOST_TIMEOUTS * order.timeout_seconds,
    )
    with refreshing(order) as scratch:
        last = last_pull(order.data_dir, source.index)
        if order.accepts:
            # what was held back or refused before is wanted now
            last = replace(last, etag=None, landed={})
        progress("index", source.index)
        page = source.page(etag=None if order.providers else last.etag, max_bytes=MOST_INDEX_BYTES)
        if page is None:
            since = f" since {moment_text(last.published_at)}" if last.published_at else ""
            return _unchanged(order, last, f"The index is unchanged{since}: no book was fetched.")
        index = read_index(page.body, source.index, now=datetime.now(UTC))
        if last.published_at is not None and index.published_at < last.published_at:
            older, newer = moment_text(index.published_at), moment_text(last.published_at)
            return _unchanged(
                order, last, f"The index of {older} is older than that of {newer} seen before: not taken."
            )
        outcomes = _Pull(order, source, last, scratch, progress).outcomes(index)
        if not order.is_dry_run:
            write_last_pull(order.data_dir, source.index, _now_known(order, index, last, outcomes, page.etag))
    return Pulled(outcomes=outcomes)


def _unchanged(order: RefreshOrder, last: LastPull, note: str) -> Pulled:
    names = [name for name in last.landed if not order.providers or name in order.providers]
    outcomes = [Outcome(provider=name, stem=str(day_here(order.data_dir, name))) for name in names]
    return Pulled(outcomes=outcomes, notes=(note,))


class _Pull:
    """One pull, with what all its books share."""

    def __init__(
        self, order: RefreshOrder, source: Publisher, last: LastPull, scratch: Path, progress: Progress
    ) -> None:
        self.order = order
        self.source = source
        self.last = last
        self.scratch = scratch
        self.progress = progress

    def outcomes(self, index: PublishedIndex) -> list[Outcome]:
        """What became of every entry that is asked for, by provider."""
        names = {book.provider for book in index.books} | {entry.name for entry in index.refused}
        asked = names if not self.order.providers else names & set(self.order.providers)
        if not asked:
            wanted, have = ", ".join(self.order.providers), ", ".join(sorted(names))
            raise ProviderError(f"{self.source.index} lists no prices of {wanted}; it lists: {have}.")
        done = [Outcome(provider=one.name, error=one.reason) for one in index.refused if one.name in asked]
        found = []
        for book in sorted(index.books, key=lambda book: (book.provider, book.file)):
            if book.provider not in asked:
                continue
            settled = self._settled(book)
            if settled is not None:
                done.append(settled)
            else:
                found.append(Found(provider=book.provider, order=book.file, load=partial(self._delivery, book)))
        if found:
            done += delivered(self.order, found, self.scratch, self.progress)
        return sorted(done, key=lambda one: one.provider)

    def _settled(self, book: PublishedBook) -> Outcome | None:
        """The outcome of a book that need not be fetched; `None` of one that must be."""
        day = day_here(self.order.data_dir, book.provider)
        if day is not None and book.day < day:
            note = f"the published book is of {book.day}, the one here of {day}: kept"
        elif self.last.has(book):
            note = "no newer book is published"
        else:
            return None
        return Outcome(provider=book.provider, stem=str(day), notes=(note,))

    def _delivery(self, book: PublishedBook) -> Delivery:
        """Fetch one book and its sidecar, and parse them once their checksums are right."""
        self.progress(book.provider, f"fetching {book.file}")
        body = self._vouched(book.file, book.sha256, MOST_BOOK_BYTES)
        sidecar = self._vouched(book.sidecar, book.sidecar_sha256, MOST_SIDECAR_BYTES)
        data_dir = self.order.data_dir
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            copy = local_copy(book, body, sidecar, Path(folder) / "book")
            (found,) = find_deliveries(
                copy.folder, scratch=Path(folder), data_dir=data_dir, observed_on=None, said=Said()
            )
            parsed = copy.checked(found.load)
        return replace(
            parsed,
            # what a publisher does not list at all, it may not be able to see
            reach=Reach.PER_REGION,
            parsed=replace(parsed.parsed, unknown_gpus=copy.unknown_gpus),
        )

    def _vouched(self, file: str, sha256: str | None, max_bytes: int) -> bytes:
        page = self.source.page(file, max_bytes=max_bytes)
        body = b"" if page is None else page.body
        if sha256 is not None and sha256_of(body) != sha256:
            raise ProviderError(
                f"{file} is not what the index vouches for (sha256 differs): altered, cut off or published anew meanwhile."
            )
        return body


def _now_known(
    order: RefreshOrder, index: PublishedIndex, last: LastPull, outcomes: Sequence[Outcome], etag: str | None
) -> LastPull:
    """What is known of the address after this pull."""
    if order.regions or order.purchases:
        return replace(last, published_at=index.published_at, etag=None)
    failed = {outcome.provider for outcome in outcomes if outcome.error}
    came = {outcome.provider for outcome in outcomes} - failed
    books = sorted(index.books, key=lambda book: book.file)
    landed = {book.provider: (book.day, book.sha256) for book in books if book.provider in came}
    is_whole = not failed and not order.providers
    return LastPull(published_at=index.published_at, etag=etag if is_whole else None, landed={**last.landed, **landed})
