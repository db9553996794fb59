"""Offers for Python callers: as records, or as a table to explore."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack, cast

from planner.hardware.processors import choose_devices
from planner.model.frozen import values_of
from planner.model.records import Offer
from planner.options.arguments import ListArguments, OfferArguments, Usual
from planner.options.declared import filled, takes
from planner.prices.catalog import Selection, purchase_kind, select_offers
from planner.prices.current import current_snapshots
from planner.prices.filters import OfferFilter
from planner.units import current_day

if TYPE_CHECKING:
    import pandas as pd


@takes(ListArguments)
def offers(**asked: Unpack[ListArguments]) -> list[Offer]:
    """Every offer of the newest price books that passes the filters, by price per GPU and hour.

    Args:
        asked: the filters of docs/options.md by their names in Python; empty for all.

    Raises:
        UsageError: a name is unknown or the data directory is missing.
        NothingLeftError: no offer passes.
        SnapshotError: a snapshot cannot be trusted.
    """
    return sorted(select(asked).offers, key=by_price)


@takes(ListArguments)
def offers_frame(**asked: Unpack[ListArguments]) -> pd.DataFrame:
    """The offers that `offers` gives as a frame: one row per offer, the fields of `Offer` and `usd_per_gpu_hour` as columns."""
    import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks need it

    return pd.DataFrame([offer_record(offer) for offer in sorted(select(asked).offers, key=by_price)])


def select(asked: ListArguments, *, every_offer: bool = True) -> Selection:
    """Offers, what was left out and the books they came from.

    Args:
        asked: arguments of `offers`.
        every_offer: all of them; else only the cheapest of each provider, GPU, count and purchase.
    """
    asked = cast("ListArguments", filled(ListArguments, asked))
    snapshots = current_snapshots(asked["data_dir"], as_of=asked["as_of"])
    today = asked["as_of"] or current_day()
    return select_offers(
        snapshots, offer_filter(asked, is_strict=asked["strict"]), today=today, every_offer=every_offer
    )


def offer_filter(asked: OfferArguments, *, is_strict: bool = False) -> OfferFilter:
    """The filter that the arguments describe.

    Raises:
        UnknownNameError: no GPU or kind of purchase goes by a name.
    """
    return OfferFilter(
        gpus=tuple(choose_devices(text) for text in asked["gpus"]),
        gpu_counts=tuple(asked["gpu_counts"]),
        providers=tuple(asked["providers"]),
        regions=tuple(asked["regions"]),
        purchases=tuple(purchase_kind(text) for text in asked["purchases"]),
        instances=tuple(asked["instances"]),
        max_price_age_days=asked["max_price_age_days"],
        has_processors=_names_machine_without_gpu(asked["instances"]),
        names_age=not isinstance(asked["max_price_age_days"], Usual),
        is_strict=is_strict,
    )


def _names_machine_without_gpu(instances: Iterable[str]) -> bool:
    if not instances:
        return False
    from planner.prices.chosen import names_machine_without_gpu  # noqa: PLC0415 - few name a type

    return names_machine_without_gpu(instances)


def by_price(offer: Offer) -> tuple[object, ...]:
    """Sort key: price per GPU and hour, then everything that tells two offers apart."""
    return (
        offer.usd_per_gpu_hour,
        offer.provider,
        offer.gpu,
        offer.gpu_count,
        offer.instance_type,
        offer.region,
        offer.zone or "",
        str(offer.purchase),
    )


def offer_record(offer: Offer) -> dict[str, object]:
    """The fields of an offer and its price per GPU and hour, as plain values."""
    record = values_of(offer)
    record["purchase"] = str(offer.purchase)
    record["observed_on"] = offer.observed_on.isoformat()
    record["usd_per_gpu_hour"] = offer.usd_per_gpu_hour
    return record
