"""Price books that cannot be trusted: found before an answer is made, left out of it, and named in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from planner.errors import SnapshotError
from planner.hardware.markets import provider_named
from planner.model.book_ages import DamagedBook
from planner.prices.current import current_snapshots
from planner.prices.index import index_of
from planner.prices.snapshots import Snapshot


def parted(snapshots: Iterable[Snapshot], *, is_strict: bool) -> tuple[list[Snapshot], tuple[DamagedBook, ...]]:
    """The whole books among these, and the damaged ones.

    Raises:
        SnapshotError: none is whole; or one is not, and that is not allowed.
    """
    whole: list[Snapshot] = []
    damaged: list[DamagedBook] = []
    for snapshot in snapshots:
        reason = book_problem(snapshot)
        if reason is None:
            whole.append(snapshot)
        else:
            damaged.append(DamagedBook(provider=snapshot.provider, stem=snapshot.stem, reason=reason))
    if damaged and (is_strict or not whole):
        others = ", ".join(book.provider for book in damaged[1:])
        raise SnapshotError(f"{damaged[0].reason}{f' Damaged too: the books of {others}.' if others else ''}")
    return whole, tuple(damaged)


def damaged_books(
    data_dir: Path | None, *, as_of: date | None = None, providers: Iterable[str] = ()
) -> tuple[DamagedBook, ...]:
    """The damaged ones of the books that an answer would use; of these providers if some are named.

    Raises:
        PlannerError: as for `current_snapshots`.
    """
    names = {provider_named(provider) for provider in providers}
    return tuple(
        DamagedBook(provider=snapshot.provider, stem=snapshot.stem, reason=reason)
        for snapshot in current_snapshots(data_dir, as_of=as_of)
        if not names or snapshot.provider in names
        if (reason := book_problem(snapshot)) is not None
    )


def book_problem(snapshot: Snapshot) -> str | None:
    """The reason why the book cannot be trusted; `None` if it can."""
    if snapshot.damage is not None:
        return snapshot.damage
    try:
        index_of(snapshot)
    except SnapshotError as error:
        return str(error)
    return None
