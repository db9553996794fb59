"""Prices that the shipped books left out on purpose (`prices/set-aside.csv`), so that no catalogue brings them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from planner.hardware.tables import read_groups
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.paths import shipped_data_dir

SAME_PRICE_FRACTION = 0.005
# of these the old price alone is wrong; what else is set aside cannot be bought, or not told, at any price
_OLD_PRICE = ("superseded", "spot price above")
_RETIRED = "not listed by any newer source"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A row of the file."""

    provider: str
    instance_type: str
    region: str
    zone: str | None
    gpu: str
    gpu_count: float
    purchase: Purchase
    usd_per_hour: float
    observed_on: date
    source: str
    reason: str


def set_aside_problem(offer: Offer, day: date) -> str | None:
    """The reason why an offer of a list of that day is not taken: the shipped books set it aside. `None` if they did not.

    What cannot be bought is refused in every region and at every price; a price that was out of date only as it was.
    """
    for row in _rows().get((offer.provider, offer.instance_type, offer.purchase), ()):
        is_same_place = (row.region, row.zone) == (offer.region, offer.zone)
        if row.reason.startswith(_OLD_PRICE):
            is_same = abs(offer.usd_per_hour / row.usd_per_hour - 1) <= SAME_PRICE_FRACTION
            is_refused = is_same_place and is_same and day > row.observed_on
        else:
            is_refused = not row.reason.startswith(_RETIRED) or day > row.observed_on
        if is_refused:
            return f"set aside by the shipped books: {row.reason}"
    return None


@cache
def _rows() -> Mapping[tuple[str, str, Purchase], tuple[SetAside, ...]]:
    path = shipped_data_dir() / "prices" / "set-aside.csv"
    return read_groups(path, SetAside, lambda row: (row.provider, row.instance_type, row.purchase))
