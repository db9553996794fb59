"""Which estimates are kept and in what order: limits, the best of each group, rank, the Pareto front."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from planner.errors import LimitError, UnknownNameError, UsageError
from planner.model.records import Estimate, Offer, Purchase
from planner.prices.catalog import DEARER
from planner.units import hours

SORTS = ("usd", "hours", "value")


def check_limits(
    max_hours: float | None, max_usd: float | None, max_price_age_days: int | None, sort: str, limit: int | None
) -> None:
    """Refuse limits that cannot be one.

    Raises:
        UsageError: the message names the option and the value.
    """
    for option, value in (("--max-hours", max_hours), ("--max-usd", max_usd)):
        if value is not None and not value > 0:
            raise UsageError(f"{option} must be above 0, not {value:g}.")
    if max_price_age_days is not None and not 0 <= max_price_age_days <= 36_500:
        raise UsageError(f"--max-price-age must be 0 to 36500 days, not {max_price_age_days}.")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be at least 1, not {limit}.")
    if sort not in SORTS:
        raise UnknownNameError("sort order", sort, SORTS, "planner estimate --help")


def within_limits(
    estimates: Sequence[Estimate], max_hours: float | None, max_usd: float | None, left_out: Counter[str]
) -> list[Estimate]:
    """The estimates within both limits; the others are counted in `left_out`.

    Raises:
        LimitError: none is; the message says by how much the fastest and the cheapest miss.
    """
    within = []
    for estimate in estimates:
        if max_hours is not None and hours(estimate.seconds) > max_hours:
            left_out[f"takes longer than {max_hours:g} h"] += 1
        elif max_usd is not None and estimate.usd > max_usd:
            left_out[f"costs more than {max_usd:g} USD"] += 1
        else:
            within.append(estimate)
    if not within:
        raise LimitError(_nearest_miss(estimates, max_hours, max_usd))
    return within


def _nearest_miss(estimates: Sequence[Estimate], max_hours: float | None, max_usd: float | None) -> str:
    fastest = min(estimates, key=lambda estimate: (estimate.seconds, estimate.usd))
    cheapest = min(estimates, key=lambda estimate: (estimate.usd, estimate.seconds))
    parts = []
    if max_hours is not None:
        over = hours(fastest.seconds) / max_hours - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            f"--max-hours {max_hours:g}: the fastest, {_named(fastest)}, takes {hours(fastest.seconds):.2f} h{miss}"
            f" and costs {fastest.usd:,.2f} USD"
        )
    if max_usd is not None:
        over = cheapest.usd / max_usd - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            f"--max-usd {max_usd:g}: the cheapest, {_named(cheapest)}, costs {cheapest.usd:,.2f} USD{miss}"
            f" and takes {hours(cheapest.seconds):.2f} h"
        )
    return "No estimate meets the limits. " + "; ".join(parts) + "."


def _named(estimate: Estimate) -> str:
    offer = estimate.offer
    return f"{offer.provider} {offer.instance_type} ({offer.purchase}, {offer.region})"


def best_of_each_group(estimates: Iterable[Estimate], left_out: Counter[str]) -> list[Estimate]:
    """The cheapest estimate of each provider, GPU, count and purchase; the others are counted in `left_out`."""
    best: dict[tuple[str, str, float, Purchase], Estimate] = {}
    for estimate in sorted(estimates, key=lambda estimate: (estimate.usd, *_identity(estimate.offer))):
        offer = estimate.offer
        if best.setdefault((offer.provider, offer.gpu, offer.gpu_count, offer.purchase), estimate) is not estimate:
            left_out[DEARER] += 1
    return list(best.values())


def ranked(estimates: Iterable[Estimate], sort: str, limit: int | None = None) -> list[Estimate]:
    """The best `limit` estimates in a total order, with rank and Pareto mark; the front is that of all of them."""
    ordered = sorted(estimates, key=lambda estimate: (*_merit(estimate, sort), *_identity(estimate.offer)))
    front = _pareto(ordered)
    return [
        replace(estimate, rank=index + 1, is_pareto=index in front) for index, estimate in enumerate(ordered[:limit])
    ]


def _merit(estimate: Estimate, sort: str) -> tuple[float, float]:
    if sort == "usd":
        return estimate.usd, estimate.seconds
    if sort == "hours":
        return estimate.seconds, estimate.usd
    return estimate.usd * estimate.seconds, estimate.usd


def _identity(offer: Offer) -> tuple[str, ...]:
    # makes the order total: two runs give the same bytes
    return (offer.provider, offer.gpu, offer.instance_type, offer.region, offer.zone or "", str(offer.purchase))


def _pareto(estimates: Sequence[Estimate]) -> set[int]:
    """Indices of estimates that no other beats in time without costing more."""
    order = sorted(range(len(estimates)), key=lambda index: (estimates[index].seconds, estimates[index].usd))
    front: set[int] = set()
    cheapest = float("inf")
    for _, group in itertools.groupby(order, key=lambda index: estimates[index].seconds):
        tied = list(group)
        usd = estimates[tied[0]].usd
        if usd < cheapest:
            front.update(index for index in tied if estimates[index].usd == usd)
            cheapest = usd
    return front
