"""The bill of renting one or more instances for a stretch of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from planner.hardware.globs import matches
from planner.hardware.markets import Market
from planner.hardware.tables import read_groups
from planner.model.costs import CostItem, ItemKind
from planner.model.frozen import dataclass
from planner.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BillingRule:
    """How a provider sells and bills the instance types a glob matches, from `data/providers.csv`.

    `increment_seconds` and `minimum_seconds` are `None` where the provider's rule is not known.
    """

    provider: str
    display_name: str
    instance_types: str
    market: Market
    increment_seconds: float | None
    minimum_seconds: float | None
    source: str
    as_of: str
    note: str


def rental_items(
    usd_per_hour: float,
    rule: BillingRule | None,
    parts: Sequence[tuple[str, float]],
    *,
    idle_seconds: float = 0.0,
    node_count: int = 1,
) -> tuple[CostItem, ...]:
    """The items of a rental; their sum is the bill.

    billed = max(minimum, increment x ceil((all parts + idle) / increment)), each node billed alike;
    without a known rule billed = all parts + idle. Items: the parts, idle, and what rounding adds.

    Args:
        usd_per_hour: price of the whole instance.
        rule: the provider's billing rule; `None` if none is known.
        parts: what the run takes, from the start of billing to its result: name and seconds, 0 or more, of each part.
        idle_seconds: from the end of the run to the end of the rental.
        node_count: instances rented side by side.

    >>> hourly = BillingRule(provider="vultr", display_name="Vultr", instance_types="*", market=Market.GPU_CLOUD,
    ...     increment_seconds=3600, minimum_seconds=3600, source="s", as_of="2026-01-01", note="")
    >>> items = rental_items(2.0, hourly, [("training", 5400), ("start-up", 600)])
    >>> [(item.name, round(item.quantity, 4), round(item.usd, 4)) for item in items]
    [('training', 1.5, 3.0), ('start-up', 0.1667, 0.3333), ('rounding to billed time', 0.3333, 0.6667)]
    """
    names = [*((name, ItemKind.TIME) for name, _ in parts), *_BEYOND_PARTS]
    return tuple(
        CostItem(
            name=name,
            kind=kind,
            quantity=seconds / SECONDS_PER_HOUR * node_count,
            unit="instance-hour",
            usd_per_unit=usd_per_hour,
        )
        for (name, kind), seconds in zip(names, _item_seconds(rule, parts, idle_seconds), strict=True)
        if seconds > 0
    )


def rental_hours(
    rule: BillingRule | None,
    parts: Sequence[tuple[str, float]],
    *,
    idle_seconds: float = 0.0,
    node_count: int = 1,
) -> list[float]:
    """Instance-hours of each item of a rental that takes any, in the order of `rental_items`: all that its sum needs."""
    items = _item_seconds(rule, parts, idle_seconds)
    return [seconds / SECONDS_PER_HOUR * node_count for seconds in items if seconds > 0]


_BEYOND_PARTS = (("idle tail", ItemKind.BILLED_TIME), ("rounding to billed time", ItemKind.BILLED_TIME))


def _item_seconds(rule: BillingRule | None, parts: Sequence[tuple[str, float]], idle_seconds: float) -> list[float]:
    """Seconds of every item: of each part, of the idle tail, and of what rounding adds."""
    seconds = [one for _, one in parts]
    running = math.fsum(seconds) + idle_seconds
    return [*seconds, idle_seconds, billed_seconds(rule, running) - running]


def billed_seconds(rule: BillingRule | None, seconds: float) -> float:
    """Seconds that are billed for `seconds` of run time under a rule."""
    billed = seconds
    if rule is not None and rule.increment_seconds is not None:
        billed = rule.increment_seconds * math.ceil(seconds / rule.increment_seconds)
    if rule is not None and rule.minimum_seconds is not None:
        billed = max(billed, rule.minimum_seconds)
    return billed


@cache
def billing_rule(provider: str, instance_type: str) -> BillingRule | None:
    """The provider's rule for that type; `None` if none is known."""
    rules = load_billing_rules().get(provider, ())
    return next((rule for rule in rules if matches(instance_type, rule.instance_types)), None)


@cache
def load_billing_rules() -> Mapping[str, tuple[BillingRule, ...]]:
    """Billing rules of the shipped table by provider."""
    return read_groups("providers.csv", BillingRule, lambda rule: rule.provider)
