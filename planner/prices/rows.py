"""Turns rows of a snapshot into offers, or into an error that says what is wrong with the row."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import Any

from planner.errors import SnapshotError
from planner.hardware.gpus import load_gpus
from planner.model.records import Offer, Purchase
from planner.prices.possible import (
    GPUS_BELOW,
    GPUS_FROM,
    USD_PER_HOUR_BELOW,
    USD_PER_HOUR_FROM,
    late_problem,
    offer_problem,
)
from planner.prices.snapshots import Snapshot

_PURCHASES = {str(purchase): purchase for purchase in Purchase}
_VERIFY = "Delete the snapshot, or look at it with: planner prices verify"


def offer_of(snapshot: Snapshot, price: float, row: list[str]) -> Offer:
    """The offer of a row whose price was read already.

    Raises:
        SnapshotError: a field holds what it must not hold, or the row is later than its book.
    """
    offer = vouched_offer_of(snapshot, price, row)
    problem = offer_problem(offer) or late_problem(offer, snapshot.observed_on)
    if problem is not None:
        raise _problem_of(snapshot, row, problem)
    return offer


def vouched_offer_of(snapshot: Snapshot, price: float, row: list[str]) -> Offer:
    """The offer of a row that the index of its book names: what cannot be was refused when the index was made.

    Raises:
        SnapshotError: a field cannot be read.
    """
    try:
        return _parsed(snapshot.provider, price, row)
    except ValueError as error:
        raise _problem_of(snapshot, row, str(error)) from error


def _problem_of(snapshot: Snapshot, row: list[str], problem: str) -> SnapshotError:
    return SnapshotError(f"{snapshot.path}, {row[2]} in {row[3]}, {row[5]}: {problem}. {_VERIFY}")


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
        purchase=_PURCHASES.get(row[5]) or Purchase(row[5]),
        usd_per_hour=price,
        observed_on=_day(row[10]),
        source=row[11],
        **(_level(row) if len(row) > 12 else {}),
    )


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    """The day of a text: books have few of them, again and again."""
    day = date.fromisoformat(text)
    if text != day.isoformat():  # days are compared as texts
        raise ValueError(f"{text!r} is not a day as in 2026-11-20")
    return day


def _level(row: list[str]) -> dict[str, Any]:
    """The fields of a level on a marketplace, as far as the row states them."""
    cheapest, count, reliability = row[12:]
    return {
        "usd_per_hour_cheapest": float(cheapest) if cheapest else None,
        "offers_count": int(count) if count else None,
        "reliability": float(reliability) if reliability else None,
    }


def has_possible_price(snapshot: Snapshot, row: list[str]) -> bool:
    """Whether a row has its columns, and a price, GPUs and a kind of purchase that can be."""
    if len(row) != len(snapshot.columns) or not is_possible(row[0], row[1], row[5]):
        return False
    return _is_positive(row[6]) and USD_PER_HOUR_FROM <= float(row[6]) < USD_PER_HOUR_BELOW


def is_possible(gpu: str, count_text: str, purchase: str) -> bool:
    """Whether there can be offers of that GPU, count and purchase."""
    count = float(count_text) if _is_positive(count_text) else 0.0
    return GPUS_FROM <= count < GPUS_BELOW and gpu in _known_gpus() and purchase in _PURCHASES


def bad_row(snapshot: Snapshot, line: int, row: list[str]) -> SnapshotError:
    """The error for a row that cannot be an offer, with file, line, column and value."""
    where = f"{snapshot.path}, line {line}"
    if len(row) != len(snapshot.columns):
        return SnapshotError(f"{where}: {len(row)} columns where {len(snapshot.columns)} belong.")
    if row[0] not in load_gpus():
        return SnapshotError(f"{where}, column gpu: unknown GPU {row[0][:60]!r}. See: planner gpus")
    if row[5] not in _PURCHASES:
        return SnapshotError(
            f"{where}, column purchase: unknown kind {row[5][:60]!r}; known: {', '.join(sorted(_PURCHASES))}."
        )
    if not _is_positive(row[1]) or not GPUS_FROM <= float(row[1]) < GPUS_BELOW:
        column, text, least, below = "gpu_count", row[1], GPUS_FROM, GPUS_BELOW
    else:
        column, text, least, below = "usd_per_hour", row[6], USD_PER_HOUR_FROM, USD_PER_HOUR_BELOW
    wrong = f"not from {least:g} to below {below:,.0f}" if _is_positive(text) else "not a positive number"
    return SnapshotError(f"{where}, column {column}: {text[:60]!r} is {wrong}. {_VERIFY}")


@cache
def _known_gpus() -> frozenset[str]:
    return frozenset(load_gpus())


def _is_positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
