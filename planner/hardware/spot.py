"""How often providers reclaim spot instances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from planner.errors import DataError
from planner.hardware.tables import read_columns
from planner.model.frozen import dataclass
from planner.model.records import Offer
from planner.units import HOURS_PER_MONTH

TABLE = "spot_interruptions.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionRate:
    """Interruptions per instance and hour, with the range of the source."""

    per_hour: float
    low: float
    high: float
    source: str


def _per_hour_of_a_day(fraction: float) -> float:
    return -math.log1p(-fraction) / 24


DEFAULT_RATE = InterruptionRate(
    per_hour=_per_hour_of_a_day(0.10),
    low=_per_hour_of_a_day(0.05),
    high=_per_hour_of_a_day(0.15),
    source="no figure for this type and region: 10 % a day, the middle of the 5 to 15 % a day that Google observed over "
    "its preemptible machines (https://cloud.google.com/compute/docs/instances/preemptible, as quoted in 2021)",
)
"""Where no table has the type and region. It is an average over a cloud, GPUs or not: single types do far worse."""


def interruption_rate(offer: Offer) -> InterruptionRate:
    """The published rate of that instance type and region, else `DEFAULT_RATE`."""
    return published_rate(offer.provider, offer.instance_type, offer.region)


def published_rate(provider: str, instance_type: str, region: str) -> InterruptionRate:
    """The rate of a type in a region of a provider, else `DEFAULT_RATE`."""
    if provider != "aws":
        return DEFAULT_RATE
    return _bands().get((instance_type, region), DEFAULT_RATE)


@cache
def _bands() -> Mapping[tuple[str, str], InterruptionRate]:
    """AWS's bands as rates: a share of capacity taken back in a month, spread evenly over its 730 hours."""
    columns = ("instance_type", "region", "interruption_low_fraction", "interruption_high_fraction", "source")
    # without a record for each of the rows, of which a handful of bands are made
    return {
        (instance_type, region): _rate(low, high, source)
        for instance_type, region, low, high, source in read_columns(TABLE, *columns)
    }


@cache
def _rate(low_text: str, high_text: str, source: str) -> InterruptionRate:
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise DataError(
            f"{TABLE}: {low_text!r} to {high_text!r} are not numbers. Reinstall gpu-cost-planner."
        ) from None
    return InterruptionRate(
        per_hour=(low + high) / 2 / HOURS_PER_MONTH,
        low=low / HOURS_PER_MONTH,
        high=high / HOURS_PER_MONTH,
        source=f"{low:.0%} to {high:.0%} of capacity taken back in a month; {source}",
    )
