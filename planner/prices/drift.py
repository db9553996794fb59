"""How far a price of some age may be from the price of today: a 90 % range, from the figures learnt in `data/price_drift.csv`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache

from planner.hardware.gpus import load_gpus
from planner.hardware.markets import Market, market_of
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase
from planner.units import DAYS_PER_YEAR

TAIL = 0.05
"""Share of prices that may lie beyond each end of a range."""

_BOARDS = ("sxm", "oam")
_FLAGSHIPS_SINCE = "2020"


class PriceClass(StrEnum):
    """The kinds of price that move alike."""

    LIST_LARGE = "list_large"
    LIST_SMALL = "list_small"
    SPOT = "spot"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDrift:
    """How prices of a class move, as logarithms of the price of today over that of the book.

    Attributes:
        provider: whose prices they are, drawn toward those of the class; `None`: of every provider without figures of its own.
        low_ln: lower end at `full_days` and beyond; at a younger age it shrinks with the root of the age.
        high_ln: the same of the upper end.
        jumps_per_year: how often a provider cuts the list prices of its newest GPUs at one blow; 0 where none was seen.
        jump_low_ln: the deepest of such cuts, and `jump_high_ln` the least; 0 where none was seen.
        periods: providers times periods it is learnt from, with `pairs` prices seen twice.
    """

    price_class: PriceClass
    provider: str | None
    full_days: int
    low_ln: float
    high_ln: float
    jumps_per_year: float
    jump_low_ln: float
    jump_high_ln: float
    periods: int
    pairs: int
    source: str
    as_of: date

    def ends(self, age_days: int, *, is_flagship: bool) -> tuple[float, float]:
        """The range as logarithms at an age; it holds 0, the price of the book.

        A jump lowers the end once it is likelier than the tail: of the cuts so far only the `TAIL` deepest lie beyond.
        """
        share = math.sqrt(min(max(age_days, 0), self.full_days) / self.full_days)
        low = self.low_ln * share
        if is_flagship and self.jumps_per_year:
            likely = 1 - math.exp(-self.jumps_per_year * age_days / DAYS_PER_YEAR)
            if likely > TAIL:
                depth = TAIL / likely
                low = min(low, self.jump_low_ln * (1 - depth) + self.jump_high_ln * depth)
        return low, self.high_ln * share


def price_range(offer: Offer, today: date) -> tuple[float, float]:
    """Lowest and highest USD per hour that the offer may cost today, given the age of its price; 90 %.

    The low end reaches at least the cheapest offer of a marketplace's level.
    """
    age_days, flagship = (today - offer.observed_on).days, is_flagship(offer.gpu)
    low, high = _factors(price_class(offer), offer.provider, age_days, flagship)
    floor = offer.usd_per_hour * low
    cheapest = offer.usd_per_hour_cheapest
    return floor if cheapest is None else min(floor, cheapest), offer.usd_per_hour * high


@lru_cache(maxsize=4096)
def _factors(kind: PriceClass | None, provider: str, age_days: int, flagship: bool) -> tuple[float, float]:  # noqa: FBT001
    """What a price of that age is multiplied with at the ends of its range; the widest of several classes counts."""
    ends = [drift.ends(age_days, is_flagship=flagship) for drift in _drifts(kind, provider)]
    return math.exp(min(low for low, _ in ends)), math.exp(max(high for _, high in ends))


def price_drift(offer: Offer) -> tuple[PriceDrift, ...]:
    """How prices like the offer's move: those of its provider, else all of its class.

    For a list price of somebody whose market is not known they are those of every list, and the widest counts.
    """
    return _drifts(price_class(offer), offer.provider)


def _drifts(kind: PriceClass | None, provider: str) -> tuple[PriceDrift, ...]:
    drifts = price_drifts()
    if kind is None:
        return drifts[PriceClass.LIST_LARGE, None], drifts[PriceClass.LIST_SMALL, None]
    return (drifts.get((kind, provider)) or drifts[kind, None],)


def price_class(offer: Offer) -> PriceClass | None:
    """The class of an offer's price: by how it is bought, and of whom; `None` for a list price where that is not known."""
    market = market_of(offer.provider, offer.instance_type)
    if market is Market.MARKETPLACE:
        return PriceClass.MARKETPLACE
    if offer.purchase is Purchase.SPOT:
        return PriceClass.SPOT
    return None if market is None else _LISTS[market]


_LISTS = {Market.LARGE_CLOUD: PriceClass.LIST_LARGE, Market.GPU_CLOUD: PriceClass.LIST_SMALL}


@cache
def is_flagship(gpu: str) -> bool:
    """Whether a GPU is of the kind whose list prices were once cut at one blow: boards of the A100 and newer."""
    known = load_gpus().get(gpu)
    return known is not None and known.form_factor in _BOARDS and (known.release_date or "") >= _FLAGSHIPS_SINCE


@cache
def price_drifts() -> Mapping[tuple[PriceClass, str | None], PriceDrift]:
    """The learnt figures of every class, and of providers that have some of their own."""
    return read_table("price_drift.csv", PriceDrift, lambda drift: (drift.price_class, drift.provider))
