"""`planner recommend`: the best way to a result within a deadline and a budget, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from planner.answers.absent import absent_over
from planner.answers.aim import Aim
from planner.answers.chosen import Candidate, Candidates, broken_of, miss_of, within
from planner.answers.picking import Choice
from planner.answers.question import question_from
from planner.answers.recommend_words import (
    answer,
    card_for,
    card_or_cloud,
    nearest,
    owned,
    priced_of,
    reasons,
    why_beaten,
    why_broken,
)
from planner.answers.regions import Region, best_region
from planner.answers.resulting import short_result_of
from planner.answers.ways import Ways, all_ways
from planner.cost.currency import usd_at_most
from planner.errors import LimitError, UsageError
from planner.model.records import Estimate, Purchase
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, takes
from planner.options.owner_arguments import RecommendArguments
from planner.options.times import hours_until
from planner.results.answer import damaged_text
from planner.results.one_region import one_region_text
from planner.results.recommendation import NearMiss, Recommendation, Way

NEAR_MISSES = 5
MORE_NODES = (2, 4, 8)
"""Numbers of instances tried besides one where none is asked for."""

Row = tuple[str, str, float, Purchase, int]

_OF_ESTIMATES = frozenset(declared(EstimateArguments)) - {"nodes", "max_hours", "max_usd", "max_cost", "limit"}
"""Arguments that its estimates are made with; limits and order are those of the recommendation."""


@takes(RecommendArguments)
def recommend(**asked: Unpack[RecommendArguments]) -> Recommendation:
    """Recommends the best estimates within a deadline and a budget.

    With a deadline the least money that ends in time; else the least cost, money and time together, where an hour of
    waiting is worth `hour_worth_usd`: a budget is a limit, not an aim. Limits are held against the slow and the dear end
    as long as a row meets them, else against the expected figures; a sentence says which.

    Args:
        asked: any option of docs/options.md that `recommend` takes, by its name in Python; `max_hours` (`deadline`) and
            `max_usd` (`budget`) are the limits.

    Raises:
        UsageError: a limit cannot be one, or a machine is owned that no price book names.
        LimitError: nothing meets the limits; the message names the nearest possibility.
    """
    return _recommended(asked, is_whole=True)


@takes(RecommendArguments)
def propose(**asked: Unpack[RecommendArguments]) -> Recommendation:
    """What `recommend` recommends, without the reasons and all other ways: enough for the first screen, and found in less time.

    Args:
        asked: as for `recommend`.

    Raises:
        PlannerError: as for `recommend`.
    """
    return _recommended(asked, is_whole=bool(asked["gpus"]))  # each device that was named is looked for


def _recommended(asked: RecommendArguments, *, is_whole: bool) -> Recommendation:
    limit = asked["max_hours"]
    aim = Aim(
        max_hours=None if limit is None else hours_until(limit, as_of=asked["as_of"]),
        max_usd=usd_at_most(asked["max_usd"], asked["max_cost"]),
        hour_worth=asked["hour_worth_usd"],
    )
    options = {name: value for name, value in asked.items() if name in _OF_ESTIMATES}
    ways = _over_nodes(asked["nodes"], options)
    is_owned = asked["is_owned"]
    if is_owned and not any(found.offer.provider == "own" for found in ways.found):
        raise UsageError(
            "{is_owned} yes: which machine? Describe it under [[machines]] in a price book and give {price_book} FILE "
            "(docs/own-prices.md). It must have a known throughput for this model.",
            argument="is_owned",
        )
    candidates = _candidates(ways)
    holding, at_ends = within(candidates, aim.limits)
    if not holding:
        raise LimitError(nearest(candidates, aim))
    # where no row is sure to keep both limits, one that may break but one of them goes first
    ordered = sorted(aim.order([one.choice for one in holding]), key=lambda one: broken_of(one.row, aim.limits))
    rows = _best_of_each_row(ordered)

    def written(region: Region, one: Choice, rank: int | None = None) -> Estimate:
        return ways.written_in(region, priced_of(one), rank) if is_whole else region.written(rank or 0)

    regions = [_region(one) for one in rows[: asked["limit"]]]
    chosen = [
        written(region, one, rank) for rank, (region, one) in enumerate(zip(regions, rows, strict=False), start=1)
    ]
    misses = _near_misses(candidates, rows, aim, at_ends=at_ends)
    result = ways.result_of(chosen) if is_whole else short_result_of(ways.groups[0][0], chosen)
    alone = one_region_text(
        (one.rank, one.offer, region.usd_per_hour_elsewhere) for one, region in zip(chosen, regions, strict=True)
    )
    return Recommendation(
        result=result,
        near_misses=tuple(NearMiss(estimate=written(_region(one), one), why=why) for one, why in misses),
        answer=(
            *answer(chosen[0], ordered, rows, aim, at_ends=at_ends),
            *((owned(rows),) if is_owned else ()),
            *card_for(asked),
            *filter(None, (alone,)),
            *(absent_over(ways.by_count) if is_whole else ()),
            *damaged_text(result.damaged),
        ),
        reasons=(
            (*reasons(result, chosen[0], ordered, aim), *(() if is_owned else (card_or_cloud(asked),)))
            if is_whole
            else ()
        ),
        everything=_everything(ways) if is_whole else (),
    )


def _region(one: Choice) -> Region:
    """The region that stands for the machine of a choice: the same as on the first screen of an estimate."""
    candidate: Candidate = one.row
    return best_region(candidate.pricing, candidate.priced)


def _everything(ways: Ways) -> tuple[Way, ...]:
    """All ways there are, within the limits or not."""
    return tuple(
        Way(
            offer=found.offer,
            node_count=found.node_count,
            seconds=found.seconds,
            usd=found.usd,
            basis=found.throughput.basis,
            is_pareto=place in ways.front,
        )
        for place, found in enumerate(ways.found)
    )


def _candidates(ways: Ways) -> Sequence[Candidate]:
    """The rows that may be recommended; if there are none, those that age or range bars, and at last all of them."""
    candidates = Candidates(ways.groups)
    if free := candidates.free:
        return free
    found = [(one.pricing, one.priced) for one in (*candidates.young, *candidates.old())]
    found = found or [(pricing, one) for pricing, priced in ways.by_count for one in priced]
    return [Candidate(*one, is_free=True) for one in found]


def _over_nodes(nodes: int | None, options: Mapping[str, Any]) -> Ways:
    """Every group of offers, priced on `nodes` machines or on one and several."""
    counts = (1, *MORE_NODES) if nodes is None else (nodes,)
    return all_ways([question_from({**options, "nodes": count}) for count in counts])


def _best_of_each_row(ordered: Iterable[Choice]) -> list[Choice]:
    """The best of each provider, GPU, count, purchase and number of nodes, in the order given."""
    best: dict[Row, Choice] = {}
    for one in ordered:
        best.setdefault(_row(one), one)
    return list(best.values())


def _row(one: Choice) -> Row:
    found = priced_of(one)
    offer = found.offer
    return offer.provider, offer.gpu, offer.gpu_count, offer.purchase, found.node_count


def _near_misses(
    candidates: Sequence[Candidate], rows: Sequence[Choice], aim: Aim, *, at_ends: bool
) -> list[tuple[Choice, str]]:
    """Rows that are better but break a limit, nearest first, then the next best of other GPUs or providers."""
    best = rows[0]
    broken = sorted(
        (
            (miss_of(candidate, aim.limits, at_ends=at_ends), candidate.choice.order, candidate)
            for candidate in candidates
        ),
        key=lambda entry: entry[:2],
    )
    misses: list[tuple[Choice, str]] = []
    seen_rows: set[Row] = set()
    for miss, _, candidate in broken:
        choice = candidate.choice
        if len(misses) == NEAR_MISSES - 2:
            break
        if miss > 0 and aim.beats(choice, best) and _row(choice) not in seen_rows:
            seen_rows.add(_row(choice))
            why = why_broken(candidate, priced_of(best), aim, at_ends=at_ends)
            misses.append((choice, why))
    seen = {(priced_of(best).offer.provider, priced_of(best).offer.gpu)}
    for choice in rows[1:]:
        found = priced_of(choice)
        kind = (found.offer.provider, found.offer.gpu)
        if len(misses) == NEAR_MISSES:
            break
        if kind not in seen:
            seen.add(kind)
            misses.append((choice, why_beaten(found, priced_of(best))))
    return misses
