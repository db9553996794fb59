"""Prices of a finished book that are doubted: held against the shipped books, which no refresh changes.

A refresh judges what comes against the book before and the newest books of its day. Later that cannot be done again: newer
books have come, old ones are pruned. So a finished book is held against the shipped books alone, itself left out. What a refresh
took although these doubt it, because a person vouched for it or it hardly moved, is named in the sidecar.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from planner.errors import SnapshotError
from planner.model.records import HeldBack, Offer
from planner.paths import shipped_data_dir
from planner.prices.books import book_offers
from planner.prices.checks import BAND_FACTOR, Bands, check_offers, is_overtaken, on_demand_prices, price_bands
from planner.prices.possible import offer_problem
from planner.prices.snapshots import list_snapshots, read_snapshot


def doubted_rows(offers: Iterable[Offer], book: Path | None = None) -> tuple[HeldBack, ...]:
    """The rows that can be and are doubted, each with the reason; `book` is the path of a shipped book that holds them."""
    possible = [offer for offer in offers if offer_problem(offer) is None]
    on_demand = on_demand_prices(possible)
    # a list that names some offers leaves older ones beside them
    standing = [offer for offer in possible if not is_overtaken(offer, on_demand)]
    return check_offers(standing, previous=(), bands=_bands(book)).held_back


def doubted_entries(offers: Iterable[Offer]) -> list[dict[str, str]]:
    """The rows of a new book that are doubted, as its sidecar names them."""
    return [_named(row) for row in doubted_rows(offers)]


def not_named(rows: Iterable[HeldBack], entries: Iterable[dict[str, Any]]) -> list[HeldBack]:
    """The rows that no entry of the sidecar names at this price."""
    named = {tuple(entry[key] for key in _KEYS) for entry in entries}
    return [row for row in rows if tuple(_named(row).values()) not in named]


_KEYS = ("instance_type", "region", "zone", "purchase", "usd_per_hour")


def _named(row: HeldBack) -> dict[str, str]:
    return {key: getattr(row, key) or "" for key in _KEYS}


@cache
def _bands(book: Path | None) -> Bands:
    # a book must not vouch for itself; the others are older and newer, hence the second factor
    others = [offer for path, offers in _shipped().items() if path != book for offer in offers]
    return price_bands(others, BAND_FACTOR**2)


@cache
def _shipped() -> dict[Path, tuple[Offer, ...]]:
    return {path: _offers(path) for path in list_snapshots(shipped_data_dir())}


def _offers(path: Path) -> tuple[Offer, ...]:
    try:
        return book_offers(read_snapshot(path))
    except SnapshotError:
        return ()  # reported where the book itself is verified
