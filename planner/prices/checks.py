"""Checks row by row whether prices can be believed; reads no file.

A row that fails is held back with its reason and the rest goes on. Some rows are *impossible* (no such GPU, two prices
for one offer, spot above on demand) and never pass. Others are *implausible* (too far from what was paid before) and pass
if a person says that the change is real.

A row is judged against, in this order,

* its *reference*: the price of the same offer in the previous book, else the median of its type and purchase over the
  regions there, else the median price of its GPU by the hour there. An instance booked at the price of one of its
  GPUs, or at that of a month, stands out against it;
* the *band* of its GPU, if the same offer had no price before or half or twice as much: all prices per GPU-hour of the newest book of every
  provider, spot apart from the rest, stretched by `BAND_FACTOR` at both ends. A GPU without a band is held against the
  span of all bands;
* its *share*, if it is not on demand: what part of the on-demand price of the same type and region it costs;
* its *level*, if it is one of a marketplace: what part of it the cheapest offer costs.

The limits below were set on 24,747 rows of the 19 shipped books of 2020 to 2026, whose extremes stand beside each.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from planner.model.frozen import dataclass
from planner.model.records import HeldBack, Offer, Purchase
from planner.prices.changes import Key, offer_key
from planner.prices.possible import late_problem, offer_problem
from planner.units import HOURS_PER_MONTH, HOURS_PER_YEAR

BAND_FACTOR = 3.0  # each book judged by the bands of the others: 13 of 24,599 rows fall outside, 90 at factor 2
SMALLEST_BAND = 3  # fewer earlier prices than this say too little about a GPU

# new price / reference. Moves between books: 0.56 to 1.50 (spot 0.14 to 1.78). Regions against their median: 0.54 to
# 2.04 (spot 0.29 to 4.85). GPU-hours of one GPU in one provider's machines: up to 4.3 times the median
SAME_OFFER_LIMITS = (0.4, 2.5)
SAME_SPOT_LIMITS = (0.05, 20.0)
HARDLY_MOVED = (0.5, 2.0)
OTHER_REGION_LIMITS = (0.3, 3.3)
OTHER_REGION_SPOT_LIMITS = (0.03, 33.0)
GPU_HOUR_LIMITS = (0.15, 10.0)
# seen: spot 0.097 to 1, commitments 0.34 to 0.86 of the on-demand price
LOWEST_SPOT_SHARE = 0.05
LOWEST_COMMITMENT_SHARE = 0.2
SHARE_SLACK = 1e-4  # price lists round the two prices to different decimals
LOWEST_CHEAPEST_SHARE = 0.1  # the cheapest offer of a marketplace's level against its middle. Seen: 0.47 to 1
COUNT_TOLERANCE = 0.005  # GPUs; the fractions that are sold, eighths, sixths and their sums, lie 0.04 and more apart
PER_GPU_TOLERANCE = 0.05  # a price that hits 1/count of the one before this closely is a price of one GPU

Bands = Mapping[tuple[str, bool], "Band"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Believable prices of one GPU-hour, in USD."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Rows that passed, in the order they came, and rows that did not; `implausible` are those that a person can vouch for."""

    offers: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...]
    implausible: tuple[Offer, ...] = ()


def check_offers(
    offers: Sequence[Offer],
    *,
    previous: Sequence[Offer],
    bands: Bands,
    types: Sequence[Offer] | None = None,
    day: date = date.max,
    accepts: bool = False,
) -> Checked:
    """Separates the offers that can be believed from those that cannot.

    Args:
        offers: fresh rows of one provider.
        previous: the provider's book before; empty if there is none.
        bands: from `price_bands`; empty judges no row by its band.
        types: rows that tell which GPUs an instance type has; without them, the book before.
        day: the day of the list that they are from; none can be observed later.
        accepts: implausible rows pass.
    """
    known = _Known(previous, previous if types is None else types)
    contradictions = _contradictions(offers)
    reasons: dict[Key, str | None] = {}
    implausible: dict[Key, Offer] = {}
    for offer in offers:
        reason = contradictions.get(offer_key(offer)) or late_problem(offer, day) or _name_problem(offer, known)
        if reason is None and not accepts:
            reason = _reference_problem(offer, known) or _band_problem(offer, known, bands) or _level_problem(offer)
            implausible |= {offer_key(offer): offer} if reason else {}
        reasons[offer_key(offer)] = reason
    # shares are taken of on-demand prices that passed
    believed = [offer for offer in offers if reasons[offer_key(offer)] is None]
    on_demand = on_demand_prices([*previous, *believed])
    for offer in believed:
        reason = spot_problem(offer, on_demand)
        if reason is None and not accepts:
            reason = _share_problem(offer, on_demand)
            implausible |= {offer_key(offer): offer} if reason else {}
        reasons[offer_key(offer)] = reason
    passed = {offer_key(offer): offer for offer in offers if reasons[offer_key(offer)] is None}
    return Checked(
        offers=tuple(passed.values()),
        held_back=tuple(held_back(offer, reason) for offer in offers if (reason := reasons[offer_key(offer)])),
        implausible=tuple(implausible.values()),
    )


def price_bands(offers: Iterable[Offer], factor: float = BAND_FACTOR) -> dict[tuple[str, bool], Band]:
    """The band of each (GPU, is spot) from other prices, stretched; GPUs with too few prices have none."""
    prices: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for offer in offers:
        prices[offer.gpu, _is_spot(offer)].append(offer.usd_per_gpu_hour)
    return {
        key: Band(low=min(found) / factor, high=max(found) * factor)
        for key, found in prices.items()
        if len(found) >= SMALLEST_BAND
    }


def price_problem(text: str | None, *, currency: str = "USD") -> str | None:
    """The reason why a published price cannot be read as USD an hour; `None` if it can.

    >>> price_problem("3.673")
    >>> price_problem("0.000")
    "price '0.000' is not positive"
    >>> price_problem("1,234.5")
    "price '1,234.5' is not a number"
    >>> price_problem("3.2", currency="EUR")
    "price '3.2' is in EUR, not USD"
    """
    if text is None or not text.strip():
        return "no price"
    if currency != "USD":
        return f"price {text!r} is in {currency}, not USD"
    try:
        price = float(text)
    except ValueError:
        return f"price {text!r} is not a number"
    if not math.isfinite(price):
        return f"price {text!r} is not a number"
    return None if price > 0 else f"price {text!r} is not positive"


def is_same_count(one: float, other: float) -> bool:
    """Whether two numbers of GPUs are one: sources round a third of a GPU to 0.333 or 0.333333."""
    return abs(one - other) <= COUNT_TOLERANCE


def spot_problem(offer: Offer, on_demand: Mapping[tuple[str, str, str], Offer]) -> str | None:
    """The reason why a spot price is not believed: it is above on demand. Equal prices are fine, some clouds charge them."""
    listed = _listed(offer, on_demand)
    if offer.purchase is not Purchase.SPOT or listed is None:
        return None
    if offer.usd_per_hour <= listed.usd_per_hour * (1 + SHARE_SLACK):
        return None
    dates = "" if offer.observed_on == listed.observed_on else f" ({offer.observed_on} against {listed.observed_on})"
    return f"spot price {offer.usd_per_hour:g} is above on demand {listed.usd_per_hour:g}{dates}"


def is_overtaken(offer: Offer, on_demand: Mapping[tuple[str, str, str], Offer]) -> bool:
    """Whether the on-demand price of a later day is below a price of another purchase: true of its own day, and no use."""
    listed = _listed(offer, on_demand)
    return (
        listed is not None
        and offer.purchase is not Purchase.ON_DEMAND
        and offer.observed_on < listed.observed_on
        and offer.usd_per_hour > listed.usd_per_hour
    )


def on_demand_prices(offers: Iterable[Offer]) -> dict[tuple[str, str, str], Offer]:
    """On-demand offers by (type, region, zone or empty); of two the later in the sequence."""
    return {
        (offer.instance_type, offer.region, offer.zone or ""): offer
        for offer in offers
        if offer.purchase is Purchase.ON_DEMAND
    }


def held_back(offer: Offer, reason: str) -> HeldBack:
    """A row as the quarantine file shows it."""
    return HeldBack(
        instance_type=offer.instance_type,
        region=offer.region,
        zone=offer.zone,
        gpu=offer.gpu,
        gpu_count=f"{offer.gpu_count:g}",
        purchase=str(offer.purchase),
        usd_per_hour=repr(offer.usd_per_hour),
        source=offer.source,
        reason=reason,
    )


class _Known:
    """GPUs of an instance type, and its prices in the previous book."""

    def __init__(self, previous: Sequence[Offer], types: Sequence[Offer]) -> None:
        self.gpus: dict[str, set[tuple[str, float]]] = defaultdict(set)
        for offer in types:
            self.gpus[offer.instance_type].add((offer.gpu, offer.gpu_count))
        self.same = {offer_key(offer): offer.usd_per_hour for offer in previous}
        by_type: dict[tuple[str, Purchase], list[float]] = defaultdict(list)
        by_gpu: dict[tuple[str, bool], list[float]] = defaultdict(list)
        for offer in previous:
            by_type[offer.instance_type, offer.purchase].append(offer.usd_per_hour)
            by_gpu[offer.gpu, _is_spot(offer)].append(offer.usd_per_gpu_hour)
        self.types = {key: statistics.median(prices) for key, prices in by_type.items()}
        self.gpu_hours = {key: statistics.median(prices) for key, prices in by_gpu.items()}


def _contradictions(offers: Sequence[Offer]) -> dict[Key, str]:
    prices: dict[Key, set[float]] = defaultdict(set)
    for offer in offers:
        prices[offer_key(offer)].add(offer.usd_per_hour)
    return {
        key: f"{len(found)} prices for one offer: {', '.join(f'{price:g}' for price in sorted(found))}"
        for key, found in prices.items()
        if len(found) > 1
    }


def _name_problem(offer: Offer, known: _Known) -> str | None:
    impossible = offer_problem(offer)
    if impossible is not None:
        return impossible
    before = known.gpus.get(offer.instance_type)
    if not before or any(gpu == offer.gpu and is_same_count(count, offer.gpu_count) for gpu, count in before):
        return None
    listed = " or ".join(f"{count:g} x {gpu}" for gpu, count in sorted(before))
    return f"{offer.gpu_count:g} x {offer.gpu}, but {offer.instance_type} is known to have {listed}"


def _reference_problem(offer: Offer, known: _Known) -> str | None:
    is_spot = _is_spot(offer)
    same = known.same.get(offer_key(offer))
    of_type = known.types.get((offer.instance_type, offer.purchase))
    gpu_hour = known.gpu_hours.get((offer.gpu, is_spot))
    if same is not None:
        reference, limits, where = same, SAME_SPOT_LIMITS if is_spot else SAME_OFFER_LIMITS, "before"
    elif of_type is not None:
        limits = OTHER_REGION_SPOT_LIMITS if is_spot else OTHER_REGION_LIMITS
        reference, where = of_type, "in the middle of all regions before"
    elif gpu_hour is not None and not is_spot:
        reference, limits, where = gpu_hour * offer.gpu_count, GPU_HOUR_LIMITS, "by the GPU-hour before"
    else:
        return None
    ratio = offer.usd_per_hour / reference
    is_per_gpu = same is not None and _hits_count(ratio, offer)
    if limits[0] <= ratio <= limits[1] and not is_per_gpu:
        return None
    return f"{_guess(ratio, offer.gpu_count)}: {offer.usd_per_hour:g} where it was {reference:g} {where}"


def _hits_count(ratio: float, offer: Offer) -> bool:
    count = offer.gpu_count
    # spot halves and doubles within days; from four GPUs on a hit is no accident
    if count < (4 if _is_spot(offer) else 2):
        return False
    return abs(ratio * count - 1) <= PER_GPU_TOLERANCE or abs(ratio / count - 1) <= PER_GPU_TOLERANCE


def _guess(ratio: float, count: float) -> str:
    """The most likely cause of a price that is `ratio` times the expected one."""
    # totals of a year or three, less a discount, come out at 3,000 to 26,000 hours; those of a month around 730
    if ratio > HOURS_PER_YEAR / 4:
        return "looks like the price of a year or more, not of an hour"
    # nothing else makes a price 36 times dearer
    if ratio > HOURS_PER_MONTH / 20:
        return "looks like the price of a month, not of an hour"
    if ratio < 20 / HOURS_PER_MONTH:
        return "looks like a price divided by the hours of a month"
    if count >= 2 and 1 / 1.7 < ratio * count < 1.7:
        return f"looks like the price of one GPU, not of the instance with {count:g}"
    if count >= 2 and 1 / 1.7 < ratio / count < 1.7:
        return f"looks {count:g} times too high, as if its GPUs were counted twice"
    return "moved too far to be believed"


def _band_problem(offer: Offer, known: _Known, bands: Bands) -> str | None:
    same = known.same.get(offer_key(offer))
    # a price that hardly moved is believed even at the edge of the market
    if not bands or (same is not None and HARDLY_MOVED[0] <= offer.usd_per_hour / same <= HARDLY_MOVED[1]):
        return None
    band = bands.get((offer.gpu, _is_spot(offer)))
    of = offer.gpu
    if band is None:
        band = Band(low=min(each.low for each in bands.values()), high=max(each.high for each in bands.values()))
        of = "any GPU"
    if band.low <= offer.usd_per_gpu_hour <= band.high:
        return None
    return (
        f"{offer.usd_per_gpu_hour:.4g} USD per GPU-hour is outside {band.low:.4g} to {band.high:.4g}, "
        f"the band of {of} from earlier prices"
    )


def _level_problem(offer: Offer) -> str | None:
    """The reason why the cheapest offer of a level is not believed: it would stretch the range of the price to nothing."""
    cheapest = offer.usd_per_hour_cheapest
    if cheapest is None or cheapest >= LOWEST_CHEAPEST_SHARE * offer.usd_per_hour:
        return None
    return (
        f"the cheapest offer, {cheapest:g}, is {cheapest / offer.usd_per_hour:.3g} of the level {offer.usd_per_hour:g}; "
        f"believed from {LOWEST_CHEAPEST_SHARE:g}"
    )


def _share_problem(offer: Offer, on_demand: Mapping[tuple[str, str, str], Offer]) -> str | None:
    listed = _listed(offer, on_demand)
    if listed is None or offer.purchase in (Purchase.ON_DEMAND, Purchase.CAPACITY_BLOCK):
        return None
    share = offer.usd_per_hour / listed.usd_per_hour
    lowest = LOWEST_SPOT_SHARE if _is_spot(offer) else LOWEST_COMMITMENT_SHARE
    if lowest <= share <= 1 + SHARE_SLACK:
        return None
    return (
        f"{offer.purchase} price {offer.usd_per_hour:g} is {share:.3g} of on demand {listed.usd_per_hour:g}; "
        f"believed from {lowest:g} to 1"
    )


def _listed(offer: Offer, on_demand: Mapping[tuple[str, str, str], Offer]) -> Offer | None:
    in_zone = on_demand.get((offer.instance_type, offer.region, offer.zone or ""))
    return in_zone or on_demand.get((offer.instance_type, offer.region, ""))


def _is_spot(offer: Offer) -> bool:
    return offer.purchase is Purchase.SPOT
