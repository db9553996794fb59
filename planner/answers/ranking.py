"""Filters and orders what is priced: limits, the best of each row, rank, the Pareto front."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from planner.cost.course import Courses
from planner.errors import LimitError, Message, joined
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Purchase, Throughput
from planner.prices.catalog import DEARER
from planner.prices.groups import OfferGroup, offer_name
from planner.results.words import limit_text, time_text
from planner.units import SECONDS_PER_HOUR, hours


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """An offer with the time and cost of a run on it; it stands for `size` offers that take the same time.

    Attributes:
        group: the offers among which it is, or of which it is the cheapest.
        courses: its time, as expected and at the ends of its range.
        write: makes its estimate, the whole bill with items and ranges: `write(rank=1, is_pareto=False)`.
    """

    offer: Offer
    node_count: int
    seconds: float
    usd: float
    throughput: Throughput
    size: int
    group: OfferGroup
    courses: Courses
    write: Callable[..., Estimate]


class Figures(Protocol):
    """What offers are ordered by: an estimate has it, and what is priced but not written yet."""

    @property
    def offer(self) -> Offer:
        """The offer."""

    @property
    def seconds(self) -> float:
        """Time from start to end."""

    @property
    def usd(self) -> float:
        """The sum of the bill."""


F = TypeVar("F", bound=Figures)


def within_limits(
    priced: Sequence[Priced], max_hours: float | None, max_usd: float | None, left_out: Counter[str]
) -> list[Priced]:
    """The offers within both limits; those beyond are counted in `left_out`.

    Raises:
        LimitError: nothing is; the message says by how much the fastest and the cheapest miss.
    """
    within = []
    for one in priced:
        if max_hours is not None and hours(one.seconds) > max_hours:
            left_out[f"takes longer than {limit_text(max_hours * SECONDS_PER_HOUR)}"] += one.size
        elif max_usd is not None and one.usd > max_usd:
            left_out[f"costs more than {max_usd:g} USD"] += one.size
        else:
            within.append(one)
    if not within:
        fastest = min(priced, key=lambda one: place_of(one, "hours"))
        cheapest = min(priced, key=lambda one: place_of(one, "usd"))
        raise nothing_within(fastest, cheapest, max_hours, max_usd)
    return within


def nothing_within(fastest: Figures, cheapest: Figures, max_hours: float | None, max_usd: float | None) -> LimitError:
    """The error for when nothing is within the limits: it says by how much the fastest and the cheapest miss."""
    parts = []
    if max_hours is not None:
        over = hours(fastest.seconds) / max_hours - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            Message(
                "{max_hours} {limit}: the fastest, {offer}, takes {time}{miss} and costs {usd:,.2f} USD",
                limit=limit_text(max_hours * SECONDS_PER_HOUR).replace(" ", ""),
                offer=_named(fastest),
                time=time_text(fastest.seconds),
                miss=miss,
                usd=fastest.usd,
            )
        )
    if max_usd is not None:
        over = cheapest.usd / max_usd - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            Message(
                "{max_usd} {limit:g}: the cheapest, {offer}, costs {usd:,.2f} USD{miss} and takes {time}",
                limit=max_usd,
                offer=_named(cheapest),
                usd=cheapest.usd,
                miss=miss,
                time=time_text(cheapest.seconds),
            )
        )
    return LimitError(
        "No estimate meets the limits. {misses}.",
        argument="max_usd" if max_hours is None else "max_hours",
        misses=joined(parts, "; "),
    )


def _named(one: Figures) -> str:
    offer = one.offer
    return f"{offer.provider} {offer.instance_type} ({offer.purchase}, {offer.region})"


def best_of_each_row(priced: Iterable[Priced], left_out: Counter[str]) -> list[Priced]:
    """The cheapest of each provider, GPU, count and purchase; the other offers are counted in `left_out`."""
    best: dict[tuple[str, str, float, Purchase], Priced] = {}
    count = 0
    for one in priced:
        count += one.size
        offer = one.offer
        row = (offer.provider, offer.gpu, offer.gpu_count, offer.purchase)
        known = best.setdefault(row, one)
        if known is not one and place_of(one, "usd") < place_of(known, "usd"):
            best[row] = one
    if count > len(best):
        left_out[DEARER] += count - len(best)
    return list(best.values())


def ranked(priced: Iterable[Priced], sort: str, limit: int | None = None) -> list[Estimate]:
    """Writes the best `limit` estimates, with rank and Pareto mark; the Pareto front is that of all that is priced."""
    ordered = in_order(priced, sort)
    front = front_of(ordered)
    return [one.write(rank=place + 1, is_pareto=place in front) for place, one in enumerate(ordered[:limit])]


def in_order(found: Iterable[F], sort: str) -> list[F]:
    """Puts them into a total order, best first."""
    return sorted(found, key=lambda one: place_of(one, sort))


Place = tuple[tuple[float, float], float, tuple[str, ...]]


def place_of(one: Figures, sort: str) -> Place:
    """The sort key of an offer with its figures: smaller is better, and no two offers share a key.

    Equal merit goes to the lower price an hour, then to the first name, so that offers that take the same time stand in the
    order of their prices even where a credit pays them all.
    """
    return merit(one.usd, one.seconds, sort), one.offer.usd_per_hour, offer_name(one.offer)


def merit(usd: Any, seconds: Any, sort: str) -> tuple[Any, Any]:
    """First and second sort key of one estimate or of columns of them; neither falls when a figure rises."""
    if sort == "usd":
        return usd, seconds
    if sort == "hours":
        return seconds, usd
    return usd * seconds, usd


def front_of(found: Sequence[Figures]) -> set[int]:
    """Indices of those that no other beats in time without costing more."""
    figures = sorted((one.seconds, one.usd, index) for index, one in enumerate(found))
    front: set[int] = set()
    cheapest = float("inf")
    for _, group in itertools.groupby(figures, key=itemgetter(0)):
        tied = list(group)
        _, usd, _ = tied[0]
        if usd < cheapest:
            front.update(index for _, other, index in tied if other == usd)
            cheapest = usd
    return front
