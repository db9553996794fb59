"""The kind of seller an instance type is rented from: a large cloud, a GPU cloud or a marketplace of private machines."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from planner.hardware.globs import matches
from planner.hardware.gpus import normalised
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
    for instance_types, market in _sellers().get(provider, ()):
        if matches(instance_type, instance_types):
            return market
    return declared_market(provider)


@cache
def declared_market(provider: str) -> Market | None:
    """The market that the adapter of an installed plug-in has in its attribute `market`; `None` without one."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, and only for providers that are not shipped

    for point in entry_points(group=ENTRY_POINT_GROUP, name=provider):
        try:
            said = str(getattr(point.load(), "market", ""))
        except (Exception, SystemExit):  # noqa: BLE001 - code of others; what is wrong with it, a refresh says
            said = ""
        if said in tuple(Market):
            return Market(said)
    return None


def provider_named(text: str) -> str:
    """The provider that a person means: `Google` is `gcp`, `Amazon Web Services` is `aws`; others in lower case.

    Whether there is such a provider is not looked at: price books say that.
    """
    return _names().get(normalised(text).replace("-", ""), text.strip().lower())


def names_of(providers: Iterable[str]) -> list[str]:
    """Every name of these providers: their own, and those that people have for them."""
    known = set(providers)
    return [
        *known,
        *(alias for alias, provider in read_columns("provider_aliases.csv", "alias", "provider") if provider in known),
    ]


@cache
def _names() -> dict[str, str]:
    """The provider of each other name, without dashes: those of the table of aliases, and those that are displayed."""
    rows = [
        *read_columns("providers.csv", "display_name", "provider"),
        *read_columns("provider_aliases.csv", "alias", "provider"),
    ]
    return {normalised(name).replace("-", ""): provider for name, provider in rows}


@cache
def _sellers() -> dict[str, list[tuple[str, Market]]]:
    """Globs of instance types with their market, by provider: hundreds of types are looked up, the table is read once."""
    found: dict[str, list[tuple[str, Market]]] = {}
    for provider, instance_types, market in read_columns("providers.csv", "provider", "instance_types", "market"):
        found.setdefault(provider, []).append((instance_types, Market(market)))
    return found
