"""Checks price books: that each matches its sidecar, is in order, has no duplicates and can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, pairwise
from pathlib import Path

from planner.errors import SnapshotError
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.paths import shipped_data_dir
from planner.prices.books import book_offers, book_paths
from planner.prices.changes import offer_key
from planner.prices.checks import BAND_FACTOR, Bands, check_offers, is_overtaken, on_demand_prices, price_bands
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
    # the newest two of each provider: one vouches for the other, and a year of books is not held in memory
    market = {
        path: _offers(path)
        for _, books in groupby(book_paths(data_dir), key=lambda path: path.parent.name)
        for path in list(books)[-2:]
    }
    reports = []
    for path in book_paths(data_dir):
        if providers and path.parent.name not in providers:
            continue
        rows, problems = _verified(path, market)
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


def _verified(path: Path, market: Mapping[Path, tuple[Offer, ...]]) -> tuple[int | None, list[str]]:
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
    future = [offer for offer in offers if offer.observed_on > snapshot.observed_on]
    if future:
        problems.append(f"{len(future)} prices are observed after the day of the book, first {future[0].instance_type}")
    wrong_index = index_problem(snapshot)
    if wrong_index is not None:
        problems.append(wrong_index)
    on_demand = on_demand_prices(offers)
    # a list that names some offers leaves older ones beside them
    standing = [offer for offer in offers if not is_overtaken(offer, on_demand)]
    odd = check_offers(standing, previous=(), bands=_bands(market, path)).held_back
    problems += [f"{row.instance_type} {row.zone or row.region} {row.purchase}: {row.reason}" for row in odd]
    return rows, problems


def _bands(market: Mapping[Path, tuple[Offer, ...]], path: Path) -> Bands:
    # a book must not vouch for itself; the other books are older and newer, hence the second factor
    others = [offer for book, offers in market.items() if book != path for offer in offers]
    return price_bands(others, BAND_FACTOR**2)


def _offers(path: Path) -> tuple[Offer, ...]:
    try:
        return book_offers(read_snapshot(path))
    except SnapshotError:
        return ()  # reported where the book itself is verified
