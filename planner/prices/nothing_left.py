"""The errors for when no offer passes the filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from planner.errors import LimitError, Message, NothingLeftError
from planner.hardware.gpus import shown_key
from planner.hardware.processors import is_processor
from planner.prices.filters import OfferFilter
from planner.prices.index import index_of
from planner.prices.processor_offers import load_processor_offers
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
    if wanted.gpus and not is_rented(snapshots, [device for choice in wanted.gpus for device in choice.gpus]):
        raise _unrented(wanted)
    total = lost.total()
    taken = ", ".join(f"{reason}: {count:,}" for reason, count in lost.items() if count)
    counts = _counts_on_offer(snapshots, wanted)
    raise NothingLeftError(
        "No offer is left of {total:,}. Taken out by the filters, in turn: {taken}.{counts} Widen the last one.",
        argument="nodes" if counts else None,
        total=total,
        taken=taken,
        counts=counts,
    )


def is_rented(snapshots: Sequence[Snapshot], devices: Iterable[str]) -> bool:
    """Whether a provider of these books rents out one of the devices, in whatever number, place and way."""
    asked = set(devices)
    providers = {snapshot.provider for snapshot in snapshots}
    offered = {group.row[0] for snapshot in snapshots for group in index_of(snapshot).groups}
    if any(map(is_processor, asked)):
        offered |= {offer.gpu for offer in load_processor_offers() if offer.provider in providers}
    return bool(asked & offered)


def _unrented(wanted: OfferFilter) -> NothingLeftError:
    which = " or ".join(shown_key(choice.text) for choice in wanted.gpus)
    if wanted.providers:
        return NothingLeftError(
            "None of the providers asked for ({providers}) rents out {which}.",
            providers=", ".join(wanted.providers),
            which=which,
        )
    device = next((choice.gpus[0] for choice in wanted.gpus if len(choice.gpus) == 1), wanted.gpus[0].gpus[0])
    return NothingLeftError(
        "No price book has {which}: nobody there rents it out. Plan with one of your own: {command} and {price_book} mine.toml, "
        "where the rate is what an hour costs you, such as its electricity (docs/own-prices.md).",
        which=which,
        command=_DESCRIBED.format(device=device),
    )


_DESCRIBED = (
    'printf \'[[machines]]\\nname = "mine"\\ngpu = "{device}"\\ngpu_count = 1\\nusd_per_hour = 0.1\\n\' > mine.toml'
)
"""The command that writes a price book with one machine; a rate of 0 would be refused there."""


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
