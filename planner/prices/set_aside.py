"""Prices that the shipped books left out on purpose, so that no catalogue brings them back.

They stand row by row in `prices/set-aside.csv`, and type by type among what the newest book of a provider has no price of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from planner.hardware.tables import read_groups
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.paths import shipped_data_dir
from planner.prices.snapshots import list_snapshots, read_snapshot

SAME_PRICE_FRACTION = 0.005
# of these the old price alone is wrong; what else is set aside cannot be bought, or not told, at any price
_OLD_PRICE = ("superseded", "spot price above")
_RETIRED = "not listed by any newer source"
# how the sidecar of a book says that a type cannot be rented by the hour
_NOT_SOLD = ("sold ", "not sold")
_IN_WORDS = {
    "on demand": Purchase.ON_DEMAND,
    "reserved 1 year": Purchase.RESERVED_1Y,
    "reserved 3 years": Purchase.RESERVED_3Y,
    "spot": Purchase.SPOT,
}


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
    not_sold = _not_sold(offer.provider).get((offer.instance_type, offer.purchase))
    return f"set aside by the shipped books: {not_sold}" if not_sold else None


@cache
def _not_sold(provider: str) -> Mapping[tuple[str, Purchase], str]:
    """Why a type has no price for a purchase at all: `on demand: not sold; capacity blocks and spot`."""
    paths = [path for path in list_snapshots(shipped_data_dir()) if path.parent.name == provider]
    found: dict[tuple[str, Purchase], str] = {}
    for entry in read_snapshot(max(paths)).unpriced if paths else ():
        purchases, _, why = entry.reason.partition(": ")
        if why.startswith(_NOT_SOLD):
            named = purchases.split(", ")
            kinds = Purchase if "every purchase" in named else [_IN_WORDS[name] for name in named if name in _IN_WORDS]
            found |= {(entry.instance_type, kind): why for kind in kinds}
    return found


@cache
def _rows() -> Mapping[tuple[str, str, Purchase], tuple[SetAside, ...]]:
    path = shipped_data_dir() / "prices" / "set-aside.csv"
    return read_groups(path, SetAside, lambda row: (row.provider, row.instance_type, row.purchase))
