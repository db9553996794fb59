"""The kind of seller an instance type is rented from: a large cloud, a GPU cloud or a marketplace of private machines."""

from __future__ import annotations

import fnmatch
from enum import StrEnum
from functools import cache

from planner.hardware.tables import read_columns


class Market(StrEnum):
    """The kinds of seller, as in the column `market` of `data/providers.csv`."""

    LARGE_CLOUD = "large_cloud"
    GPU_CLOUD = "gpu_cloud"
    MARKETPLACE = "marketplace"


@cache
def market_of(provider: str, instance_type: str) -> Market:
    """The market of a provider's instance type; a provider without a row in the table is a GPU cloud.

    One provider may sell on two: RunPod's own machines, and those of its community.
    """
    for name, instance_types, market in _sellers():
        if name == provider and fnmatch.fnmatchcase(instance_type, instance_types):
            return Market(market)
    return Market.GPU_CLOUD


@cache
def _sellers() -> list[tuple[str, ...]]:
    """Provider, glob of instance types and market of each row: hundreds of types are looked up, the table is read once."""
    return read_columns("providers.csv", "provider", "instance_types", "market")
