"""Offers for Python callers: as records, or as a table to explore."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planner.hardware.gpus import choose_gpus
from planner.model.records import Offer
from planner.options.checked import checked, listed
from planner.prices.catalog import OfferFilter, Selection, purchase_kind, select_offers
from planner.prices.current import current_snapshots
from planner.units import current_day

if TYPE_CHECKING:
    import pandas as pd


@checked()
def offers(
    *,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_price_age_days: int | None = None,
    data_dir: Path | None = None,
    as_of: date | None = None,
) -> list[Offer]:
    """Every offer of the newest price books that passes the filters, by price per GPU and hour.

    Args:
        gpus: spellings such as `A100`, `H100:8`; empty for all.
        gpu_counts: GPUs per instance; empty for any.
        providers: provider names; empty for all.
        regions: region names as the provider writes them; empty for all.
        purchases: kinds of purchase; empty for all.
        max_price_age_days: leave out older prices; `None` takes every age.
        data_dir: folder of the user's own snapshots; by default the platform's.
        as_of: only prices known on that day.

    Raises:
        UsageError: a name is unknown or the data directory is missing.
        NothingLeftError: no offer passes.
        SnapshotError: a snapshot cannot be trusted.
    """
    selection = select(
        gpus=gpus,
        gpu_counts=gpu_counts,
        providers=providers,
        regions=regions,
        purchases=purchases,
        max_price_age_days=max_price_age_days,
        data_dir=data_dir,
        as_of=as_of,
    )
    return sorted(selection.offers, key=by_price)


@checked()
def offers_frame(
    *,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_price_age_days: int | None = None,
    data_dir: Path | None = None,
    as_of: date | None = None,
) -> pd.DataFrame:
    """The same as `offers`, as a frame: one row per offer, the fields of `Offer` and `usd_per_gpu_hour` as columns."""
    import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks need it

    found = offers(
        gpus=gpus,
        gpu_counts=gpu_counts,
        providers=providers,
        regions=regions,
        purchases=purchases,
        max_price_age_days=max_price_age_days,
        data_dir=data_dir,
        as_of=as_of,
    )
    return pd.DataFrame([offer_record(offer) for offer in found])


def select(
    *,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_price_age_days: int | None = None,
    data_dir: Path | None = None,
    as_of: date | None = None,
    every_offer: bool = True,
) -> Selection:
    """Offers, what was left out and the books they came from; arguments as for `offers`."""
    wanted = OfferFilter(
        gpus=tuple(choose_gpus(text) for text in listed(gpus)),
        gpu_counts=tuple(gpu_counts),
        providers=listed(providers),
        regions=listed(regions),
        purchases=tuple(purchase_kind(text) for text in listed(purchases)),
        max_price_age_days=max_price_age_days,
    )
    today = as_of or current_day()
    return select_offers(current_snapshots(data_dir, as_of=as_of), wanted, today=today, every_offer=every_offer)


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
    record = {field.name: getattr(offer, field.name) for field in fields(offer)}
    record["purchase"] = str(offer.purchase)
    record["observed_on"] = offer.observed_on.isoformat()
    record["usd_per_gpu_hour"] = offer.usd_per_gpu_hour
    return record
