"""Items of a bill beside rent: storage for data and checkpoints, and traffic out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from planner.cost.checkpoints import checkpoint_gb
from planner.hardware.tables import read_groups, read_table
from planner.model.costs import CostItem, ItemKind
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.units import HOURS_PER_MONTH, hours

KEPT_CHECKPOINTS = 2
"""The newest complete one, and the one being written."""

GBIT_PER_SECOND = 5.0
"""What one stream reaches on its way in, at most: AWS limits a single flow to 5 Gbit/s outside a placement group
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-network-bandwidth.html). A slower network card counts as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePrice:
    """A provider's price for storing a GB for a month, in its cheapest or usual region."""

    provider: str
    product: str
    usd_per_gb_month: float
    region: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressTier:
    """Price of traffic to the internet from `from_gb` GB in a month on."""

    provider: str
    from_gb: float
    usd_per_gb: float
    as_of: str
    source: str


def extra_items(
    offer: Offer,
    *,
    dataset_gb: float,
    results_gb: float,
    params_millions: float | None,
    seconds: float,
    without: Iterable[str] = (),
) -> tuple[tuple[CostItem, ...], tuple[str, ...]]:
    """Items for storage and traffic out, and a note for each that has no known price.

    storage = (data set + checkpoints kept) x months of the run; egress = results by the provider's tiers, taking the
    month's free amount as unused by others.
    """
    items: list[CostItem] = []
    notes: list[str] = []
    if dataset_gb and "storage" not in without:
        stored = dataset_gb + KEPT_CHECKPOINTS * (checkpoint_gb(params_millions) if params_millions else 0.0)
        price = load_storage_prices().get(offer.provider)
        if price is None:
            notes.append(f"storage is not in the bill: no price of {offer.provider} is known")
        else:
            months = hours(seconds) / HOURS_PER_MONTH
            items.append(
                CostItem(
                    name=f"storage ({price.product})",
                    kind=ItemKind.STORAGE,
                    quantity=stored * months,
                    unit="GB-month",
                    usd_per_unit=price.usd_per_gb_month,
                )
            )
    if results_gb and "egress" not in without:
        tiers = load_egress_tiers().get(offer.provider)
        if tiers is None:
            notes.append(f"traffic out is not in the bill: no price of {offer.provider} is known")
        else:
            items.append(
                CostItem(
                    name="egress of results",
                    kind=ItemKind.TRAFFIC,
                    quantity=results_gb,
                    unit="GB",
                    usd_per_unit=egress_usd(tiers, results_gb) / results_gb,
                )
            )
    return tuple(items), tuple(notes)


def egress_usd(tiers: tuple[EgressTier, ...], gb: float) -> float:
    """Price of so many GB out in one month, each at the price of its tier.

    >>> tiers = load_egress_tiers()["aws"]
    >>> egress_usd(tiers, 100), round(egress_usd(tiers, 150), 2)
    (0.0, 4.5)
    """
    ends = [tier.from_gb for tier in tiers] + [float("inf")]
    return math.fsum(
        tier.usd_per_gb * max(0.0, min(gb, end) - start)
        for tier, (start, end) in zip(tiers, pairwise(ends), strict=True)
    )


def transfer_seconds(offer: Offer, gb: float) -> float:
    """Time to bring so many GB in, at `GBIT_PER_SECOND` or the instance's network if that is slower. Inbound is free.

    >>> from types import SimpleNamespace
    >>> transfer_seconds(SimpleNamespace(network_gbps=None), 150)
    240.0
    """
    gbps = min(GBIT_PER_SECOND, offer.network_gbps or GBIT_PER_SECOND)
    return gb * 8 / gbps


@cache
def load_storage_prices() -> dict[str, StoragePrice]:
    """Storage price of each provider that has a sourced one."""
    return read_table("storage_prices.csv", StoragePrice, lambda price: price.provider)


@cache
def load_egress_tiers() -> dict[str, tuple[EgressTier, ...]]:
    """Tiers of traffic to the internet of each provider that has sourced ones, in rising order."""
    return read_groups("egress_prices.csv", EgressTier, lambda tier: tier.provider)
