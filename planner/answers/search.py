"""Finds the best estimates of many questions over the same price books, pricing only the few groups that may win."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from planner.answers.bounds import Bounds, Floats
from planner.answers.offered import Offered, offered, own_prices
from planner.answers.pricing import Pricing, first_of_group, priced_heads, pricing_of
from planner.answers.question import question_from
from planner.answers.ranking import Place, Priced, merit, nothing_within, place_of
from planner.answers.throughput import Speeds
from planner.errors import NothingLeftError, PlannerError
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Throughput, Workload
from planner.prices.current import current_snapshots
from planner.prices.filters import OfferFilter
from planner.units import SECONDS_PER_HOUR, current_day, hours

_MOST_KEPT = 256
"""Filters, and speeds of workloads, that are kept: each is some ten kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Choice:
    """The offers that pass a filter, and bounds for the cheapest offer of each group."""

    offered: Offered
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounded:
    """Throughput of each group by its place, and lower bounds of its seconds and USD; infinite without a throughput."""

    throughputs: Mapping[int, Throughput]
    seconds: Floats
    usd: Floats


class Search:
    """Answers many questions over the same books; work that they share is done once."""

    def __init__(
        self, *, data_dir: Path | None, as_of: date | None, price_book: Path | None, strict: bool = False
    ) -> None:
        self.today = as_of or current_day()
        self._shared: dict[str, Any] = {
            "data_dir": data_dir,
            "as_of": as_of,
            "price_book": price_book,
            "strict": strict,
        }
        self._snapshots = current_snapshots(data_dir, as_of=as_of)
        self._own = own_prices(price_book, self._snapshots, self.today)
        self._choices: dict[OfferFilter, _Choice | PlannerError] = {}
        self._speeds: dict[tuple[Speeds, OfferFilter], tuple[Mapping[int, Throughput], Floats]] = {}

    def best(self, options: Mapping[str, Any], limit: int) -> tuple[Workload, list[Estimate]]:
        """The workload of a question and its best estimates, exactly those of `estimate(every_offer=True)`.

        Raises:
            PlannerError: what `estimate` says of the same options.
        """
        pricing, bounded = self.bounded(options)
        question = pricing.question
        found = _best(pricing, bounded, question.sort, limit, max_hours=question.max_hours, max_usd=question.max_usd)
        if not found:
            raise _refusal(pricing, bounded)
        return question.work.workload, [
            one.write(rank=rank, is_pareto=False) for rank, one in enumerate(found, start=1)
        ]

    def bounded(self, options: Mapping[str, Any]) -> tuple[Pricing, Bounded]:
        """The pricing of a question, and lower bounds of every group of offers.

        Raises:
            PlannerError: an option is wrong, or no offer passes the filters.
        """
        question = question_from({**options, **self._shared, "every_offer": True})
        choice = self._choice(question.wanted)
        pricing = pricing_of(question, choice.offered)
        key = (pricing.speeds, question.wanted)
        if key not in self._speeds:
            if len(self._speeds) >= _MOST_KEPT:
                self._speeds.clear()
            self._speeds[key] = _speeds(pricing)
        throughputs, samples_per_second = self._speeds[key]
        seconds, usd = choice.bounds.of(question, pricing.biller, samples_per_second)
        return pricing, Bounded(throughputs=throughputs, seconds=seconds, usd=usd)

    def _choice(self, wanted: OfferFilter) -> _Choice:
        """The offers that pass a filter, remembered; raises if none does."""
        if wanted not in self._choices:
            if len(self._choices) >= _MOST_KEPT:
                self._choices.clear()
            self._choices[wanted] = self._made_choice(wanted)
        known = self._choices[wanted]
        if isinstance(known, PlannerError):
            raise known.with_traceback(None)
        return known

    def _made_choice(self, wanted: OfferFilter) -> _Choice | PlannerError:
        try:
            found = offered(self._snapshots, wanted, self._own, today=self.today)
        except PlannerError as error:
            return error
        return _Choice(offered=found, bounds=Bounds([group.head for group in found.groups]))


def _speeds(pricing: Pricing) -> tuple[Mapping[int, Throughput], Floats]:
    """Throughput of each group that has one, by its place; and samples per second of every group, NaN if unknown."""
    found = [pricing.speeds.of(group.head) for group in pricing.offered.groups]
    known = {place: one for place, one in enumerate(found) if isinstance(one, Throughput)}
    return known, np.array([one.samples_per_second if isinstance(one, Throughput) else np.nan for one in found])


def _best(
    pricing: Pricing,
    bounded: Bounded,
    sort: str,
    limit: int,
    *,
    max_hours: float | None = None,
    max_usd: float | None = None,
) -> list[Priced]:
    """The best `limit` offers within the limits, best first."""
    wanted = np.isfinite(bounded.usd)
    if max_hours is not None:
        wanted &= bounded.seconds / SECONDS_PER_HOUR <= max_hours
    if max_usd is not None:
        wanted &= bounded.usd <= max_usd
    places = np.flatnonzero(wanted)
    first, second = merit(bounded.usd[places], bounded.seconds[places], sort)
    kept: list[tuple[Place, Priced]] = []
    for index in np.lexsort((second, first)):
        if len(kept) == limit and (first[index], second[index]) > kept[-1][0][0]:
            break
        place = int(places[index])
        for one in first_of_group(pricing, pricing.offered.groups[place], bounded.throughputs[place], limit):
            if max_hours is not None and hours(one.seconds) > max_hours:
                break
            if max_usd is not None and one.usd > max_usd:
                break
            bisect.insort(kept, (place_of(one, sort), one), key=itemgetter(0))
            if len(kept) > limit and kept.pop()[1] is one:
                break  # the others of the group stand behind it
    return [one for _, one in kept]


def _refusal(pricing: Pricing, bounded: Bounded) -> PlannerError:
    """The error that `estimate` raises if nothing is found."""
    question = pricing.question
    if question.max_hours is not None or question.max_usd is not None:
        fastest, cheapest = _best(pricing, bounded, "hours", 1), _best(pricing, bounded, "usd", 1)
        if fastest:
            return nothing_within(fastest[0], cheapest[0], question.max_hours, question.max_usd)
    anew = pricing_of(question, pricing.offered)  # the reasons are named in the order of the books
    try:
        priced_heads(anew, Counter({entry.reason: entry.count for entry in pricing.offered.selection.left_out}))
    except NothingLeftError as error:
        return error
    raise AssertionError("groups were left unvisited")
