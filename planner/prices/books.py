"""Price books in order of age: the previous one, its offers, and the name of the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from planner.errors import SnapshotError
from planner.model.records import Offer
from planner.outside.documents import json_of
from planner.outside.files import bytes_of
from planner.paths import shipped_data_dir
from planner.prices.catalog import rows_of
from planner.prices.checksums import sha256_of
from planner.prices.sidecars import entries_of
from planner.prices.snapshots import (
    MOST_BYTES,
    Snapshot,
    csv_bytes,
    list_snapshots,
    read_snapshot,
    sort_key,
    verify_sum,
)


def book_paths(data_dir: Path, provider: str | None = None) -> list[Path]:
    """CSV paths of all books, shipped and the user's own, by provider and age; the user's own last of one stem."""
    found = [*list_snapshots(shipped_data_dir()), *list_snapshots(data_dir)]
    wanted = [path for path in found if provider is None or path.parent.name == provider]
    return sorted(wanted, key=lambda path: (path.parent.name, path.stem))


def book_offers(snapshot: Snapshot) -> tuple[Offer, ...]:
    """Every offer of one book, in its order.

    Raises:
        SnapshotError: the book was altered or holds what it must not hold.
    """
    verify_sum(snapshot)
    return _offers(snapshot.path, snapshot.sha256)


# a refresh reads the newest book of every provider for its bands, and then those that it renews again
@lru_cache(maxsize=32)
def _offers(path: Path, _sha256: str) -> tuple[Offer, ...]:
    return rows_of(read_snapshot(path))


def retired_entries(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Types that can no longer be rented, from the sidecar, each with the page that says so."""
    return entries_of(json_of(bytes_of(snapshot.path.with_suffix(".json"), MOST_BYTES)), "retired")


def previous_book(
    data_dir: Path, provider: str, before: str, notes: list[str]
) -> tuple[Snapshot, tuple[Offer, ...]] | None:
    """The newest whole book of a provider older than the stem `before`, with its offers.

    A damaged book is passed over with a line in `notes`; `None` if there is no book.
    """
    for path in reversed(book_paths(data_dir, provider)):
        if path.stem >= before:
            continue
        try:
            snapshot = read_snapshot(path)
            return snapshot, book_offers(snapshot)
        except SnapshotError as error:
            notes.append(f"passed over: {error}")
    return None


def shipped_offers(provider: str) -> tuple[Offer, ...]:
    """Offers of the newest shipped book of a provider; none if there is no such book."""
    paths = [path for path in list_snapshots(shipped_data_dir()) if path.parent.name == provider]
    return book_offers(read_snapshot(max(paths))) if paths else ()


def newest_offers(data_dir: Path) -> list[Offer]:
    """Offers of the newest readable book of every provider, from which price bands are made."""
    providers = sorted({path.parent.name for path in book_paths(data_dir)})
    found = [previous_book(data_dir, provider, "9999", []) for provider in providers]
    return [offer for book in found if book is not None for offer in book[1]]


def same_book(data_dir: Path, provider: str, observed_at: datetime, offers: Sequence[Offer]) -> str | None:
    """Stem of a readable book of the same day with exactly these offers, if there is one."""
    wanted = sorted(offers, key=sort_key)
    checksum = sha256_of(csv_bytes(wanted))
    for path in book_paths(data_dir, provider):
        if path.stem[:10] != observed_at.date().isoformat():
            continue
        try:
            snapshot = read_snapshot(path)
            # books written by this code agree in every byte; shipped ones keep the published spelling of a number
            if snapshot.sha256 == checksum or (
                not path.is_relative_to(data_dir) and sorted(book_offers(snapshot), key=sort_key) == wanted
            ):
                return path.stem
        except SnapshotError:
            continue
    return None


def free_stem(data_dir: Path, provider: str, observed_at: datetime, now: datetime) -> str:
    """The name of a book observed at that moment: its day, or day and time if the day has one already.

    A second book of one day takes the time it is written, so that it sorts after the first.
    """
    day = observed_at.date().isoformat()
    taken = [path.stem for path in book_paths(data_dir, provider) if path.stem[:10] == day]
    if not taken:
        return day
    stem = f"{day}T{now:%H%M%S}"
    # a clock set back, or a book of a past day: the name must still sort after the last one
    return stem if stem > max(taken) else f"{day}T{int(max(taken)[11:] or 0) + 1:06d}"
