"""Checks price books: that each matches its sidecar, is in order, has no duplicates and can be believed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from planner.errors import SnapshotError
from planner.model.frozen import dataclass
from planner.model.records import HeldBack
from planner.paths import shipped_data_dir
from planner.prices.books import book_offers, book_paths
from planner.prices.changes import offer_key
from planner.prices.doubted import doubted_rows, not_named
from planner.prices.index import index_problem
from planner.prices.snapshots import interrupted_writes, read_rows, read_snapshot, sort_key


@dataclass(frozen=True, slots=True, kw_only=True)
class BookReport:
    """One book and its problems; it is sound if `problems` is empty."""

    provider: str
    stem: str
    path: Path
    is_shipped: bool
    rows: int | None  # None: the sidecar cannot be read
    problems: tuple[str, ...]


def verify_books(data_dir: Path, providers: tuple[str, ...] = ()) -> list[BookReport]:
    """Every book of the named providers (all, if none is named), then what interrupted refreshes left behind."""
    shipped = shipped_data_dir()
    reports = []
    for path in book_paths(data_dir):
        if providers and path.parent.name not in providers:
            continue
        rows, problems = _verified(path)
        reports.append(
            BookReport(
                provider=path.parent.name,
                stem=path.stem,
                path=path,
                is_shipped=path.is_relative_to(shipped),
                rows=rows,
                problems=tuple(problems),
            )
        )
    for path in interrupted_writes(data_dir):
        if not providers or path.parent.name in providers:
            problem = "no sidecar: left by an interrupted refresh, never read; delete it"
            reports.append(
                BookReport(
                    provider=path.parent.name,
                    stem=path.stem,
                    path=path,
                    is_shipped=False,
                    rows=None,
                    problems=(problem,),
                )
            )
    return reports


def _verified(path: Path) -> tuple[int | None, list[str]]:
    rows = None
    try:
        snapshot = read_snapshot(path)
        rows = snapshot.rows
        found = sum(1 for _ in read_rows(snapshot))
        offers = book_offers(snapshot)
    except SnapshotError as error:
        return rows, [str(error)]
    problems = []
    if found != rows:
        problems.append(f"{found:,} rows where the sidecar says {rows:,}")
    keys = [sort_key(offer) for offer in offers]
    if keys != sorted(keys):
        problems.append("rows are not in order")
    twice = [left for left, right in pairwise(sorted(map(offer_key, offers))) if left == right]
    if twice:
        problems.append(f"{len(twice)} offers are listed twice, first {twice[0]}")
    wrong_index = index_problem(snapshot)
    if wrong_index is not None:
        problems.append(wrong_index)
    odd = not_named(doubted_rows(offers, path), snapshot.doubted)
    return rows, [*problems, *(f"{_place(row)}: {row.reason}" for row in odd)]


def _place(row: HeldBack) -> str:
    return f"{row.instance_type} {row.zone or row.region} {row.purchase}"
