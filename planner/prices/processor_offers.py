"""Offers of machines without a GPU: a short table of its own, which refreshed price books do not replace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

from planner.hardware.tables import read_columns, read_rows
from planner.model.book_ages import BookUsed
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.prices.ages import price_ages

TABLE = "processor_offers.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorOffer:
    """One price of a machine without a GPU, from `data/processor_offers.csv`; the whole machine, Linux, before tax."""

    provider: str
    instance_type: str
    region: str
    zone: str | None
    processor: str
    processor_count: float
    vcpus: float
    memory_gib: float
    purchase: Purchase
    usd_per_hour: float
    observed_on: date
    source: str

    def offer(self) -> Offer:
        """The price as an offer whose device is the processor."""
        return Offer(
            provider=self.provider,
            instance_type=self.instance_type,
            region=self.region,
            zone=self.zone,
            gpu=self.processor,
            gpu_count=self.processor_count,
            vcpus=self.vcpus,
            memory_gib=self.memory_gib,
            purchase=self.purchase,
            usd_per_hour=self.usd_per_hour,
            observed_on=self.observed_on,
            source=self.source,
        )


def load_processor_offers() -> Sequence[Offer]:
    """Every offer of the shipped table, in its order."""
    return _offers()


@cache
def types_without_gpu() -> frozenset[str]:
    """The instance types of the shipped table."""
    return frozenset(name for (name,) in read_columns(TABLE, "instance_type"))


def books_of(offers: Iterable[Offer], today: date) -> tuple[BookUsed, ...]:
    """What an answer says of where these prices are from, one record a provider."""
    by_provider: dict[str, list[Offer]] = {}
    for offer in offers:
        by_provider.setdefault(offer.provider, []).append(offer)
    return tuple(
        BookUsed(
            provider=f"{provider} without GPUs",
            observed_on=(newest := max(offer.observed_on for offer in of)),
            age_days=(today - newest).days,
            source="; ".join(sorted({offer.source for offer in of})),
            ages=price_ages([(offer.purchase, offer.observed_on, 1) for offer in of], today),
        )
        for provider, of in by_provider.items()
    )


@cache
def _offers() -> tuple[Offer, ...]:
    return tuple(row.offer() for row in read_rows(TABLE, ProcessorOffer))
