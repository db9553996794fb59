"""Devices that were asked for by name and have no row in an answer, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from planner.answers.pricing import Pricing
from planner.answers.ranking import Priced
from planner.errors import NoThroughputError, Sentence
from planner.hardware.gpus import GpuChoice, shown_key
from planner.model.records import Offer
from planner.prices.nothing_left import is_rented


def absent_devices(pricing: Pricing, heads: Sequence[Priced], within: Sequence[Priced]) -> tuple[Sentence, ...]:
    """A sentence for each name that was asked for and has no row.

    Args:
        pricing: what is asked, and the speeds that are known.
        heads: all that is priced.
        within: what of it keeps the limits.
    """
    shown = {one.offer.gpu for one in within}
    missing = [choice for choice in pricing.question.wanted.gpus if shown.isdisjoint(choice.gpus)]
    if not missing:
        return ()
    priced = {one.offer.gpu for one in heads}
    offered = sorted((group.head for group in pricing.offered.groups), key=lambda offer: offer.gpu_count)
    return tuple(
        Sentence("No row of {device}: {why}", device=shown_key(choice.text), why=_why(choice, pricing, priced, offered))
        for choice in missing
    )


def absent_over(by_count: Sequence[tuple[Pricing, Sequence[Priced]]]) -> tuple[Sentence, ...]:
    """A sentence for each name without a row in an answer over several numbers of machines, each with all that is priced."""
    priced = [one for _, found in by_count for one in found]
    return absent_devices(by_count[0][0], priced, priced)


def _why(choice: GpuChoice, pricing: Pricing, priced: set[str], offered: Sequence[Offer]) -> Sentence:
    if not priced.isdisjoint(choice.gpus):
        return Sentence("none keeps the limits")
    for offer in offered:
        if offer.gpu in choice.gpus and isinstance(found := pricing.speeds.of(offer), NoThroughputError):
            return Sentence("{why}", why=found)
    if is_rented(tuple(pricing.offered.snapshots.values()), choice.gpus):
        return Sentence("no offer of it passes the filters")
    return Sentence("no price book has it; give a machine of your own with {price_book}")
