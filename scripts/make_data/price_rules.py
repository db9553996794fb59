"""Which known prices are not prices of a book: not sold, retired, cut since, or contradicted by newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

ANY = ("on_demand", "spot", "reserved_1y", "reserved_3y", "savings_1y", "savings_3y")
TERMS = ("reserved_1y", "reserved_3y")
ANYWHERE = "global"
# SkyPilot prints AWS prices with 4 decimals: a spot price equal to 9.04259 on demand reads 9.0426.
SPOT_ROUNDING_USD = 0.00005


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One collected price, numbers as published text; an empty text is unknown."""

    provider: str
    instance_type: str
    region: str
    zone: str
    gpu: str
    gpu_count: str
    purchase: str
    usd_per_hour: str
    vcpus: str
    memory_gib: str
    observed_on: str
    source: str
    usd_per_hour_cheapest: str = ""
    offers_count: str = ""
    reliability: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes the row one of a kind: provider, instance type, region, zone, purchase."""
        return (self.provider, self.instance_type, self.region, self.zone, self.purchase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A day on which older prices of some instance types stopped being prices."""

    provider: str
    instance_types: tuple[str, ...]
    purchases: tuple[str, ...]
    happened_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """Prices that sources give and nobody should plan with: not sold that way, or of a machine nobody is sure of."""

    provider: str
    instance_types: tuple[str, ...]
    purchases: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """A family that its provider has retired, or says it will."""

    provider: str
    instance_types: tuple[str, ...]
    retired_on: date
    address: str


_AZURE_RETIRED = (
    "https://github.com/MicrosoftDocs/azure-docs/tree/main/articles/virtual-machines/sizes/migration-guides/"
)
_AZURE_SIZES = "https://github.com/MicrosoftDocs/azure-compute-docs/blob/main/articles/virtual-machines/sizes/"
_GOOGLE_GPUS = "https://cloud.google.com/compute/docs/gpus"

RETIREMENTS = (
    Retirement(
        provider="azure",
        instance_types=tuple(
            f"Standard_NC{size}{suffix}" for size in ("6", "12", "24", "24r") for suffix in ("", "_Promo")
        ),
        retired_on=date(2023, 9, 6),
        address=_AZURE_RETIRED + "nc-series-retirement.md",
    ),
    Retirement(
        provider="azure",
        instance_types=("Standard_NC6s_v2", "Standard_NC12s_v2", "Standard_NC24s_v2", "Standard_NC24rs_v2"),
        retired_on=date(2023, 9, 6),
        address=_AZURE_RETIRED + "ncv2-series-retirement.md",
    ),
    Retirement(
        provider="azure",
        instance_types=("Standard_ND6s", "Standard_ND12s", "Standard_ND24s", "Standard_ND24rs"),
        retired_on=date(2023, 9, 6),
        address=_AZURE_RETIRED + "nd-series-retirement.md",
    ),
    Retirement(
        provider="azure",
        instance_types=tuple(f"Standard_NV{size}{suffix}" for size in ("6", "12", "24") for suffix in ("", "_Promo")),
        retired_on=date(2023, 9, 6),
        address=_AZURE_RETIRED + "nv-series-retirement.md",
    ),
    # Lists of 2026 still price these: kept, with the retirement named in the sidecar.
    Retirement(
        provider="azure",
        instance_types=("Standard_NC6s_v3", "Standard_NC12s_v3", "Standard_NC24s_v3", "Standard_NC24rs_v3"),
        retired_on=date(2025, 9, 30),
        address=_AZURE_SIZES + "retirement-overview.md",
    ),
    Retirement(
        provider="azure",
        instance_types=("Standard_NV12s_v3", "Standard_NV24s_v3", "Standard_NV48s_v3"),
        retired_on=date(2026, 9, 30),
        address=_AZURE_SIZES + "gpu-accelerated/nvv3-series-retirement.md",
    ),
    Retirement(
        provider="azure",
        instance_types=("Standard_NV4as_v4", "Standard_NV8as_v4", "Standard_NV16as_v4", "Standard_NV32as_v4"),
        retired_on=date(2026, 9, 30),
        address=_AZURE_SIZES + "gpu-accelerated/nvv4-retirement.md",
    ),
)
EVENTS = (
    Event(
        provider="aws",
        instance_types=("p4d.*", "p4de.*", "p5.*", "p5en.*"),
        purchases=("on_demand", *TERMS),
        happened_on=date(2025, 6, 5),
        reason="superseded: AWS cut this type by 25 to 44 % in June 2025, and no newer price of this region is known",
    ),
    Event(
        provider="runpod",
        instance_types=("*",),
        purchases=("spot",),
        happened_on=date(2026, 10, 10),
        reason="superseded: spot prices of April 2025, of a cloud whose other prices have moved by up to a third since",
    ),
    *(
        Event(
            provider=retirement.provider,
            instance_types=retirement.instance_types,
            purchases=ANY,
            happened_on=retirement.retired_on,
            reason=f"not listed by any newer source; family retired {retirement.retired_on} ({retirement.address})",
        )
        for retirement in RETIREMENTS
    ),
)
UNUSABLE = (
    Unusable(
        provider="gcp",
        instance_types=("a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"),
        purchases=("on_demand", *TERMS),
        reason=f"Google sells A3 High below 8 GPUs as spot and flex-start only ({_GOOGLE_GPUS})",
    ),
    Unusable(
        provider="gcp",
        instance_types=("a3-ultragpu-8g", "a4-highgpu-8g", "a4x-*"),
        purchases=("on_demand",),
        reason=f"Google sells A3 Ultra, A4 and A4X by reservation, flex-start and spot, not on demand ({_GOOGLE_GPUS})",
    ),
    Unusable(
        provider="azure",
        instance_types=("Standard_NC8ads_A10_v4",),
        purchases=ANY,
        reason=(
            "sources disagree whether it holds a whole A10 or half of one: its price and memory are half of "
            "NC16ads_A10_v4, it takes the vGPU driver, and Azure's size list counts fractions as 1"
        ),
    ),
)


def reason_against(row: PriceRow, book: date, known: Mapping[tuple[str, ...], PriceRow]) -> str | None:
    """Why a known price must not stand in the book of a day; `None` if it may.

    Args:
        row: the newest known price of its key.
        book: the day of the book.
        known: the newest known price of every key of this provider on that day.
    """
    for rule in UNUSABLE:
        if _covers(rule, row):
            return rule.reason
    for event in EVENTS:
        if _covers(event, row) and date.fromisoformat(row.observed_on) < event.happened_on <= book:
            return event.reason
    return _above_on_demand(row, known) or _superseded_world_wide(row, known) or _superseded_by_level(row, known)


def _covers(rule: Unusable | Event, row: PriceRow) -> bool:
    return (
        rule.provider == row.provider
        and row.purchase in rule.purchases
        and any(fnmatchcase(row.instance_type, pattern) for pattern in rule.instance_types)
    )


def _above_on_demand(row: PriceRow, known: Mapping[tuple[str, ...], PriceRow]) -> str | None:
    """A spot price above what the same machine costs on demand was overtaken by a cut (equal is real: no discount)."""
    on_demand = known.get((row.provider, row.instance_type, row.region, "", "on_demand"))
    if row.purchase != "spot" or on_demand is None:
        return None
    if float(row.usd_per_hour) <= float(on_demand.usd_per_hour) + SPOT_ROUNDING_USD:
        return None
    return f"spot price above the on-demand price of {on_demand.usd_per_hour} observed {on_demand.observed_on}"


def _superseded_world_wide(row: PriceRow, known: Mapping[tuple[str, ...], PriceRow]) -> str | None:
    """RunPod's Secure Cloud price is per GPU and the same everywhere; a newer world-wide one ends all regional ones."""
    if row.provider != "runpod" or row.purchase != "on_demand" or row.region == ANYWHERE:
        return None
    for newer in known.values():
        if (
            newer.region == ANYWHERE
            and newer.gpu == row.gpu
            and newer.purchase == "on_demand"
            and newer.instance_type.endswith("_SECURE")
            and newer.observed_on > row.observed_on
        ):
            per_gpu = float(row.usd_per_hour) / float(row.gpu_count)
            return (
                f"superseded: {per_gpu:.4g} per GPU then; the world-wide Secure Cloud price of this GPU "
                f"was {newer.usd_per_hour} on {newer.observed_on}, known for pods of one GPU"
            )
    return None


def _superseded_by_level(row: PriceRow, known: Mapping[tuple[str, ...], PriceRow]) -> str | None:
    """One machine of a marketplace is gone within days: a newer level of its GPU ends it."""
    if row.provider != "vast" or row.gpu_count != "1" or row.region == ANYWHERE:
        return None
    for newer in known.values():
        if newer.region == ANYWHERE and newer.gpu == row.gpu and newer.observed_on > row.observed_on:
            return f"superseded: one machine of {row.observed_on} or before; the level of its GPU is of {newer.observed_on}"
    return None
