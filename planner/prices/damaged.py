"""Price books that cannot be trusted: found before an answer is made, left out of it, and named in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from planner.errors import SnapshotError, UnknownNameError
from planner.hardware.markets import names_of, provider_named
from planner.model.book_ages import DamagedBook
from planner.model.frozen import dataclass
from planner.prices.current import current_snapshots
from planner.prices.filters import OfferFilter
from planner.prices.index import index_of
from planner.prices.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBooks:
    """The books that an answer is made from, and those that it would be made from if they were whole."""

    whole: tuple[Snapshot, ...]
    damaged: tuple[DamagedBook, ...]


def asked_books(snapshots: Iterable[Snapshot], wanted: OfferFilter) -> AskedBooks:
    """The books of the providers that the filter asks for.

    Raises:
        UnknownNameError: there is no book of a provider asked for.
        SnapshotError: none of the books is whole; or one is not, and the filter is strict.
    """
    by_name = {snapshot.provider: snapshot for snapshot in snapshots}
    providers = [provider_named(provider) for provider in wanted.providers]
    for provider in providers:
        if provider not in by_name:
            raise UnknownNameError("provider", provider, names_of(by_name), "planner providers", argument="providers")
    names = set(providers) or set(by_name)
    asked = [snapshot for name, snapshot in by_name.items() if name in names]
    damaged = tuple(_damaged(asked))
    without = {book.provider for book in damaged}
    if damaged and (wanted.is_strict or len(damaged) == len(asked)):
        others = ", ".join(book.provider for book in damaged[1:])
        raise SnapshotError(f"{damaged[0].reason}{f' Damaged too: the books of {others}.' if others else ''}")
    return AskedBooks(whole=tuple(one for one in asked if one.provider not in without), damaged=damaged)


def damaged_books(
    data_dir: Path | None, *, as_of: date | None = None, providers: Iterable[str] = ()
) -> tuple[DamagedBook, ...]:
    """The damaged ones of the books that an answer would use; of these providers if some are named.

    Raises:
        PlannerError: as for `current_snapshots`.
    """
    names = {provider_named(provider) for provider in providers}
    snapshots = current_snapshots(data_dir, as_of=as_of)
    return tuple(_damaged(snapshot for snapshot in snapshots if not names or snapshot.provider in names))


def book_problem(snapshot: Snapshot) -> str | None:
    """The reason why the book cannot be trusted; `None` if it can."""
    if snapshot.damage is not None:
        return snapshot.damage
    try:
        index_of(snapshot)
    except SnapshotError as error:
        return str(error)
    return None


def _damaged(snapshots: Iterable[Snapshot]) -> Iterator[DamagedBook]:
    for snapshot in snapshots:
        reason = book_problem(snapshot)
        if reason is not None:
            yield DamagedBook(provider=snapshot.provider, stem=snapshot.stem, reason=reason)
