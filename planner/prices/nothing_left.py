"""The errors for when no offer passes the filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from planner.errors import LimitError, Message, NothingLeftError
from planner.prices.filters import OfferFilter
from planner.prices.index import index_of
from planner.prices.snapshots import Snapshot


class Sifted(Protocol):
    """What became of the offers that a filter took out."""

    lost: Counter[str]
    newest_of_old: str
    too_old: str
    today: date


def explain_nothing(snapshots: Sequence[Snapshot], wanted: OfferFilter, sieve: Sifted) -> None:
    """Raises the error that says why no offer is left.

    Raises:
        LimitError: every price that passes the other filters is older than asked for.
        NothingLeftError: the filters took all; the message says how many each.
    """
    lost = sieve.lost
    if sieve.newest_of_old:
        newest = date.fromisoformat(sieve.newest_of_old)
        raise LimitError(
            "{max_price_age_days} {limit}: no price is so new. The newest of {count:,} that pass all else is {age} days old, of "
            "{day}. Take it with {max_price_age_days} {age}, or fetch newer ones: planner refresh",
            argument="max_price_age_days",
            limit=wanted.max_price_age_days or 0,
            count=lost[sieve.too_old],
            age=(sieve.today - newest).days,
            day=newest.isoformat(),
        )
    total = sum(snapshot.rows for snapshot in snapshots)
    taken = ", ".join(f"{reason}: {count:,}" for reason, count in lost.items() if count)
    counts = _counts_on_offer(snapshots, wanted)
    raise NothingLeftError(
        "No offer is left of {total:,}. Taken out by the filters, in turn: {taken}.{counts} Widen the last one.",
        argument="nodes" if counts else None,
        total=total,
        taken=taken,
        counts=counts,
    )


def _counts_on_offer(snapshots: Sequence[Snapshot], wanted: OfferFilter) -> Message | str:
    asked = [choice for choice in wanted.gpus if choice.count is not None]
    gpus = {gpu for choice in asked for gpu in choice.gpus}
    counts = sorted(
        {float(group.row[1]) for snapshot in snapshots for group in index_of(snapshot).groups if group.row[0] in gpus}
    )
    if not counts or any(choice.count in counts for choice in asked):
        return ""
    return Message(
        " {asked}: instances hold {counts}; for more, take several with {nodes}.",
        asked=", ".join(choice.text for choice in asked),
        counts=", ".join(f"{count:g}" for count in counts),
    )
