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


ENTRY_POINT_GROUP = "planner.providers"
"""Where packages announce providers of their own."""


@cache
def market_of(provider: str, instance_type: str) -> Market | None:
    """The market of a provider's instance type: by the table, else as a plug-in says of itself; `None` if neither knows.

    One provider may sell on two: RunPod's own machines, and those of its community.
    """
    for name, instance_types, market in _sellers():
        if name == provider and fnmatch.fnmatchcase(instance_type, instance_types):
            return Market(market)
    return declared_market(provider)


@cache
def declared_market(provider: str) -> Market | None:
    """The market that the adapter of an installed plug-in has in its attribute `market`; `None` without one."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and only for providers that are not shipped

    for point in entry_points(group=ENTRY_POINT_GROUP, name=provider):
        try:
            said = str(getattr(point.load(), "market", ""))
        except (ImportError, AttributeError):  # what is wrong with it, a refresh says
            continue
        if said in tuple(Market):
            return Market(said)
    return None


@cache
def _sellers() -> list[tuple[str, ...]]:
    """Provider, glob of instance types and market of each row: hundreds of types are looked up, the table is read once."""
    return read_columns("providers.csv", "provider", "instance_types", "market")
