"""Filters and orders estimates: limits, the best of each group, rank, the Pareto front."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from planner.errors import LimitError, Message, joined
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Purchase
from planner.prices.catalog import DEARER
from planner.prices.groups import OfferGroup, offer_name
from planner.units import hours


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """The cheapest estimate of a group of `size` offers, all of which take the same time."""

    estimate: Estimate
    size: int
    group: OfferGroup


def within_limits(
    priced: Sequence[Priced], max_hours: float | None, max_usd: float | None, left_out: Counter[str]
) -> list[Priced]:
    """The estimates within both limits; offers beyond them are counted in `left_out`.

    Raises:
        LimitError: nothing is; the message says by how much the fastest and the cheapest miss.
    """
    within = []
    for one in priced:
        if max_hours is not None and hours(one.estimate.seconds) > max_hours:
            left_out[f"takes longer than {max_hours:g} h"] += one.size
        elif max_usd is not None and one.estimate.usd > max_usd:
            left_out[f"costs more than {max_usd:g} USD"] += one.size
        else:
            within.append(one)
    if not within:
        estimates = [one.estimate for one in priced]
        fastest = min(estimates, key=lambda estimate: place_of(estimate, "hours"))
        cheapest = min(estimates, key=lambda estimate: place_of(estimate, "usd"))
        raise nothing_within(fastest, cheapest, max_hours, max_usd)
    return within


def nothing_within(fastest: Estimate, cheapest: Estimate, max_hours: float | None, max_usd: float | None) -> LimitError:
    """The error for when nothing is within the limits: it says by how much the fastest and the cheapest miss."""
    parts = []
    if max_hours is not None:
        over = hours(fastest.seconds) / max_hours - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            Message(
                "{max_hours} {limit:g}: the fastest, {offer}, takes {hours:.2f} h{miss} and costs {usd:,.2f} USD",
                limit=max_hours,
                offer=_named(fastest),
                hours=hours(fastest.seconds),
                miss=miss,
                usd=fastest.usd,
            )
        )
    if max_usd is not None:
        over = cheapest.usd / max_usd - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            Message(
                "{max_usd} {limit:g}: the cheapest, {offer}, costs {usd:,.2f} USD{miss} and takes {hours:.2f} h",
                limit=max_usd,
                offer=_named(cheapest),
                usd=cheapest.usd,
                miss=miss,
                hours=hours(cheapest.seconds),
            )
        )
    return LimitError(
        "No estimate meets the limits. {misses}.",
        argument="max_usd" if max_hours is None else "max_hours",
        misses=joined(parts, "; "),
    )


def _named(estimate: Estimate) -> str:
    offer = estimate.offer
    return f"{offer.provider} {offer.instance_type} ({offer.purchase}, {offer.region})"


def best_of_each_row(priced: Iterable[Priced], left_out: Counter[str]) -> list[Estimate]:
    """The cheapest estimate of each provider, GPU, count and purchase; the other offers are counted in `left_out`."""
    best: dict[tuple[str, str, float, Purchase], Estimate] = {}
    count = 0
    for one in priced:
        count += one.size
        offer = one.estimate.offer
        row = (offer.provider, offer.gpu, offer.gpu_count, offer.purchase)
        if row not in best or place_of(one.estimate, "usd") < place_of(best[row], "usd"):
            best[row] = one.estimate
    if count > len(best):
        left_out[DEARER] += count - len(best)
    return list(best.values())


def ranked(estimates: Iterable[Estimate], sort: str, limit: int | None = None) -> list[Estimate]:
    """The best `limit` estimates with rank and Pareto mark; the Pareto front is that of all estimates."""
    ordered = in_order(estimates, sort)
    front = _pareto(ordered)
    return [
        replace(estimate, rank=index + 1, is_pareto=index in front) for index, estimate in enumerate(ordered[:limit])
    ]


def in_order(estimates: Iterable[Estimate], sort: str) -> list[Estimate]:
    """The estimates in a total order, best first."""
    return sorted(estimates, key=lambda estimate: place_of(estimate, sort))


Place = tuple[tuple[float, float], float, tuple[str, ...]]


def place_of(estimate: Estimate, sort: str) -> Place:
    """The sort key of an estimate: smaller is better, and no two offers share a key.

    Equal merit goes to the lower price an hour, then to the first name, so that offers that take the same time stand in the
    order of their prices even where a credit pays them all.
    """
    return merit(estimate.usd, estimate.seconds, sort), estimate.offer.usd_per_hour, offer_name(estimate.offer)


def merit(usd: Any, seconds: Any, sort: str) -> tuple[Any, Any]:
    """First and second sort key of one estimate or of columns of them; neither falls when a figure rises."""
    if sort == "usd":
        return usd, seconds
    if sort == "hours":
        return seconds, usd
    return usd * seconds, usd


def _pareto(estimates: Sequence[Estimate]) -> set[int]:
    """Indices of estimates that no other beats in time without costing more."""
    figures = sorted((estimate.seconds, estimate.usd, index) for index, estimate in enumerate(estimates))
    front: set[int] = set()
    cheapest = float("inf")
    for _, group in itertools.groupby(figures, key=itemgetter(0)):
        tied = list(group)
        _, usd, _ = tied[0]
        if usd < cheapest:
            front.update(index for _, other, index in tied if other == usd)
            cheapest = usd
    return front
