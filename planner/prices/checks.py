"""Is this a price one may believe? Row by row, and for a book as a whole; pure, used by refreshes and data tests.

A row that fails is held back with its reason and the rest goes on; a book that fails as a whole is refused.

Prices are judged against what was paid before:

* The *reference* of a row is the price of the same type, region and purchase in the previous book, else the median of
  that type and purchase over all regions there. Against it an instance booked at the price of one GPU (8 times too
  low) or of a month (730 times too high) stands out.
* The *band* of a GPU spans all its earlier prices per GPU-hour (spot apart from the rest), stretched by
  `BAND_FACTOR` at both ends. A GPU without a band of its own is held against the span of all bands.

The factor was set on 13,303 rows in 22 public price lists of 2020 to 2026: each list judged by bands made from the others alone,
37 of the rows that had a band of their GPU fell outside at factor 3 (142 at 2), most of them clearance prices of old GPUs.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from planner.hardware.gpus import load_gpus
from planner.model import HeldBack, Offer, Purchase
from planner.prices.changes import offer_key
from planner.units import HOURS_PER_MONTH, HOURS_PER_YEAR

BAND_FACTOR = 3.0
SMALLEST_BAND = 3  # fewer earlier prices than this say too little about a GPU
FEWER_ROWS_FRACTION = 0.30
MEDIAN_MOVE_FRACTION = 0.50
# an instance price is taken for a one-GPU price if it hits 1/count of its reference this closely
PER_GPU_TOLERANCE = 0.05
# regions differ by up to 60 %, so a price of another region says less
REGION_TOLERANCE = 0.25
# a period's total is never within a factor 20 of a true hourly price, and 730 / 20 is still far from any price change
PERIOD_SLACK = 20.0

Bands = Mapping[tuple[str, bool], "Band"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Believable prices of one GPU-hour, in USD."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Rows that passed, in the order they came, and rows that did not."""

    offers: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...]


def check_offers(offers: Sequence[Offer], *, previous: Sequence[Offer], bands: Bands) -> Checked:
    """Part the rows that can be believed from those that cannot.

    Args:
        offers: fresh rows of one provider.
        previous: the provider's book before; empty if there is none.
        bands: from `price_bands`; empty judges no row by its band.
    """
    known = _Known(previous)
    duplicates = _contradictions(offers)
    on_demand = on_demand_prices([*previous, *offers])
    passed: dict[tuple[str, ...], Offer] = {}
    held: list[HeldBack] = []
    for offer in offers:
        key = offer_key(offer)
        reason = (
            duplicates.get(key)
            or _name_problem(offer, known)
            or _reference_problem(offer, known)
            or _band_problem(offer, bands)
            or spot_problem(offer, on_demand)
        )
        if reason is None:
            passed[key] = offer
        else:
            held.append(held_back(offer, reason))
    return Checked(offers=tuple(passed.values()), held_back=tuple(held))


def check_whole(fresh: Sequence[Offer], previous: Sequence[Offer]) -> list[str]:
    """Why a fetch as a whole is not believed, with the figures; empty if it is.

    Args:
        fresh: rows that passed `check_offers`.
        previous: rows of the book before that the fetch set out to replace, no others.
    """
    if not fresh:
        return ["No row is left."]
    reasons = []
    for purchase in Purchase:
        now = [offer for offer in fresh if offer.purchase is purchase]
        before = [offer for offer in previous if offer.purchase is purchase]
        if before and len(now) < (1 - FEWER_ROWS_FRACTION) * len(before):
            reasons.append(
                f"{purchase}: {len(now):,} rows where there were {len(before):,} "
                f"({len(now) / len(before) - 1:+.0%}; the limit is {-FEWER_ROWS_FRACTION:.0%})."
            )
        move = median_move(now, before)
        if move is not None and abs(move) > MEDIAN_MOVE_FRACTION:
            reasons.append(f"{purchase}: the median price moved by {move:+.0%} (the limit is {MEDIAN_MOVE_FRACTION:.0%}).")
    return reasons


def price_bands(offers: Iterable[Offer]) -> dict[tuple[str, bool], Band]:
    """The band of each (GPU, is spot) from earlier prices; GPUs with too few prices have none."""
    prices: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for offer in offers:
        prices[offer.gpu, offer.purchase is Purchase.SPOT].append(offer.usd_per_gpu_hour)
    return {
        key: Band(low=min(found) / BAND_FACTOR, high=max(found) * BAND_FACTOR)
        for key, found in prices.items()
        if len(found) >= SMALLEST_BAND
    }


def price_problem(text: str | None, *, currency: str = "USD") -> str | None:
    """Why a published price cannot be read as USD an hour, or `None` if it can.

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


def spot_problem(offer: Offer, on_demand: Mapping[tuple[str, str, str], Offer]) -> str | None:
    """Why a spot price cannot be one: it is above on demand. Equal prices are fine, some clouds charge them."""
    if offer.purchase is not Purchase.SPOT:
        return None
    listed = on_demand.get((offer.instance_type, offer.region, offer.zone or "")) or on_demand.get(
        (offer.instance_type, offer.region, "")
    )
    if listed is None or offer.usd_per_hour <= listed.usd_per_hour * (1 + 1e-9):
        return None
    dates = "" if offer.observed_on == listed.observed_on else f" ({offer.observed_on} against {listed.observed_on})"
    return f"spot price {offer.usd_per_hour:g} is above on demand {listed.usd_per_hour:g}{dates}"


def on_demand_prices(offers: Iterable[Offer]) -> dict[tuple[str, str, str], Offer]:
    """On-demand offers by (type, region, zone or empty); of two the later in the sequence."""
    return {
        (offer.instance_type, offer.region, offer.zone or ""): offer
        for offer in offers
        if offer.purchase is Purchase.ON_DEMAND
    }


def median_move(now: Sequence[Offer], before: Sequence[Offer]) -> float | None:
    """Median over all rows in both of new price / old price, less one.

    Without a row in both, the medians of GPU-hour prices are compared, GPU by GPU; `None` without a GPU in both.
    """
    old = {offer_key(offer): offer.usd_per_hour for offer in before}
    ratios = [offer.usd_per_hour / old[key] for offer in now if (key := offer_key(offer)) in old]
    if not ratios:
        was, is_now = _gpu_medians(before), _gpu_medians(now)
        ratios = [is_now[gpu] / was[gpu] for gpu in is_now if gpu in was]
    return statistics.median(ratios) - 1 if ratios else None


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
    """What the previous book says of a type: its GPUs, and its prices."""

    def __init__(self, previous: Sequence[Offer]) -> None:
        self.gpus = {offer.instance_type: (offer.gpu, offer.gpu_count) for offer in previous}
        self.same = {offer_key(offer): offer.usd_per_hour for offer in previous}
        by_type: dict[tuple[str, Purchase], list[float]] = defaultdict(list)
        by_gpu: dict[tuple[str, bool], list[float]] = defaultdict(list)
        for offer in previous:
            by_type[offer.instance_type, offer.purchase].append(offer.usd_per_hour)
            by_gpu[offer.gpu, offer.purchase is Purchase.SPOT].append(offer.usd_per_gpu_hour)
        self.types = {key: statistics.median(prices) for key, prices in by_type.items()}
        self.gpu_hours = {key: statistics.median(prices) for key, prices in by_gpu.items()}


def _contradictions(offers: Sequence[Offer]) -> dict[tuple[str, ...], str]:
    prices: dict[tuple[str, ...], set[float]] = defaultdict(set)
    for offer in offers:
        prices[offer_key(offer)].add(offer.usd_per_hour)
    return {
        key: f"{len(found)} prices for one offer: {', '.join(f'{price:g}' for price in sorted(found))}"
        for key, found in prices.items()
        if len(found) > 1
    }


def _name_problem(offer: Offer, known: _Known) -> str | None:
    if not offer.instance_type or not offer.region:
        return "the instance type or the region has no name"
    if offer.gpu not in load_gpus():
        return f"unknown GPU {offer.gpu!r}"
    before = known.gpus.get(offer.instance_type)
    if before is None or before == (offer.gpu, offer.gpu_count):
        return None
    return f"{offer.gpu_count:g} x {offer.gpu}, but {offer.instance_type} is known to have {before[1]:g} x {before[0]}"


def _reference_problem(offer: Offer, known: _Known) -> str | None:
    same = known.same.get(offer_key(offer))
    reference = same or known.types.get((offer.instance_type, offer.purchase))
    what = "before" if same else "in other regions"
    if reference is None:
        gpu_hour = known.gpu_hours.get((offer.gpu, offer.purchase is Purchase.SPOT))
        if gpu_hour is None:
            return None
        reference, what = gpu_hour * offer.gpu_count, "by its GPU-hours"
    ratio = offer.usd_per_hour / reference
    figures = f"{offer.usd_per_hour:g} where {reference:g} was usual {what}"
    for hours, period in ((HOURS_PER_YEAR, "year or more"), (HOURS_PER_MONTH, "month")):
        if ratio > hours / PERIOD_SLACK:
            return f"looks like the price of a {period}, not of an hour: {figures}"
    if ratio < PERIOD_SLACK / HOURS_PER_MONTH:
        return f"looks like an hourly price divided by the hours of a month: {figures}"
    return _per_gpu_problem(offer, ratio, PER_GPU_TOLERANCE if same else REGION_TOLERANCE, figures)


def _per_gpu_problem(offer: Offer, ratio: float, tolerance: float, figures: str) -> str | None:
    count = offer.gpu_count
    # spot moves by half and double within days; from four GPUs on a hit is no accident
    if count < (4 if offer.purchase is Purchase.SPOT or tolerance > PER_GPU_TOLERANCE else 2):
        return None
    if abs(ratio * count - 1) <= tolerance:
        return f"looks like the price of one GPU, not of the instance with {count:g}: {figures}"
    if abs(ratio / count - 1) <= tolerance:
        return f"looks {count:g} times too high, as if multiplied by its GPUs twice: {figures}"
    return None


def _band_problem(offer: Offer, bands: Bands) -> str | None:
    if not bands:
        return None
    band = bands.get((offer.gpu, offer.purchase is Purchase.SPOT))
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


def _gpu_medians(offers: Iterable[Offer]) -> dict[str, float]:
    prices: dict[str, list[float]] = defaultdict(list)
    for offer in offers:
        prices[offer.gpu].append(offer.usd_per_gpu_hour)
    return {gpu: statistics.median(found) for gpu, found in prices.items()}
