"""`planner recommend`: the best way to a result within a deadline and a budget, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from planner.answers.absent import absent_over
from planner.answers.chosen import (
    Candidate,
    Limits,
    candidates_of,
    figures_of,
    miss_of,
    within,
)
from planner.answers.picking import Choice, worthwhile
from planner.answers.question import question_from
from planner.answers.ranking import Figures, Priced
from planner.answers.ways import Ways, all_ways
from planner.cost.bill import percentile
from planner.cost.currency import usd_at_most
from planner.errors import LimitError, PlannerError, Sentence, UsageError
from planner.hardware.processors import device_count_text
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Purchase
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, takes
from planner.options.owner_arguments import RecommendArguments
from planner.options.times import hours_until
from planner.results.answer import damaged_text
from planner.results.batch import batch_warning, large_batch_text
from planner.results.estimate import EstimateResult
from planner.results.recommendation import NearMiss, Recommendation, Way
from planner.results.words import gpus_text, money_text, provider_name, time_text
from planner.units import SECONDS_PER_HOUR, hours

NEAR_MISSES = 5
MORE_NODES = (2, 4, 8)
"""Numbers of instances tried besides one where none is asked for."""

DESK_CARDS = ("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000")
"""Cards weighed against renting: those with much memory that fit a workstation and have several known prices."""

Row = tuple[str, str, float, Purchase, int]

_OF_ESTIMATES = frozenset(declared(EstimateArguments)) - {"nodes", "max_hours", "max_usd", "max_cost", "limit"}
"""Arguments that its estimates are made with; limits and order are those of the recommendation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """What is recommended: the limits, and what an hour of waiting is worth."""

    max_hours: float | None
    max_usd: float | None
    hour_worth: float

    @property
    def limits(self) -> Limits:
        return self.max_hours, self.max_usd

    def order(self, choices: Sequence[Choice]) -> list[Choice]:
        """The rows best first: least money with a deadline; else least cost, those that no other wastes before the rest."""
        if self.max_hours is not None:
            return sorted(choices, key=self._money)
        front = set(map(id, worthwhile(choices, self.hour_worth)))
        return sorted(choices, key=lambda one: (id(one) not in front, one.merit(self.hour_worth)))

    def beats(self, one: Choice, best: Choice) -> bool:
        """Whether a row would be recommended in place of the best, were it within the limits."""
        if self.max_hours is not None:
            return self._money(one) < self._money(best)
        return one.merit(self.hour_worth) < best.merit(self.hour_worth)

    def _money(self, one: Choice) -> tuple[object, ...]:
        return one.money(self.hour_worth), one.time, one.order

    def text(self) -> str:
        if self.max_hours is not None:
            return "the least money"
        return f"the best balance of money and time at {self.hour_worth:g} USD an hour of waiting"


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
    limit = asked["max_hours"]
    aim = _Aim(
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
        raise LimitError(_nearest(candidates, aim))
    ordered = aim.order([one.choice for one in holding])
    rows = _best_of_each_row(ordered)
    chosen = [ways.written(_priced(one), rank) for rank, one in enumerate(rows[: asked["limit"]], start=1)]
    result = ways.result_of(chosen)
    return Recommendation(
        result=result,
        near_misses=tuple(_near_misses(ways, candidates, rows, aim, at_ends=at_ends)),
        sentences=(
            *_sentences(result, chosen[0], ordered, len(rows), aim, at_ends=at_ends),
            _owned(rows) if is_owned else _card_or_cloud(asked),
            *absent_over(ways.by_count),
            *damaged_text(result.damaged),
            *_card_for(asked),
        ),
        everything=tuple(
            Way(
                offer=found.offer,
                node_count=found.node_count,
                seconds=found.seconds,
                usd=found.usd,
                basis=found.throughput.basis,
                is_pareto=place in ways.front,
            )
            for place, found in enumerate(ways.found)
        ),
    )


def _candidates(ways: Ways) -> Sequence[Candidate]:
    """The rows that may be recommended; if there are none, those that age or range bars, and at last all of them."""
    candidates, _ = candidates_of(ways.by_count)
    free = [one for one in candidates if one.reason is None]
    if free:
        return free
    if candidates:
        return [Candidate(one.pricing, one.priced, is_free=True) for one in candidates]
    return [Candidate(pricing, one, is_free=True) for pricing, priced in ways.by_count for one in priced]


def _priced(choice: Choice) -> Priced:
    candidate: Candidate = choice.row
    return candidate.priced


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
    found = _priced(one)
    offer = found.offer
    return offer.provider, offer.gpu, offer.gpu_count, offer.purchase, found.node_count


def _nearest(candidates: Sequence[Candidate], aim: _Aim) -> str:
    asked = []
    if aim.max_hours is not None:
        asked.append(f"within {aim.max_hours:,.2f} h")
    if aim.max_usd is not None:
        asked.append(f"for {aim.max_usd:,.2f} USD")

    def miss(one: Candidate) -> float:
        return max(miss_of(one, aim.limits, at_ends=False), 0.0)

    nearest = min(candidates, key=lambda one: (miss(one), one.choice.merit(aim.hour_worth)))
    choices = [one.choice for one in candidates]
    fastest = min(choices, key=lambda one: (one.hours, one.usd, one.order))
    cheapest = min(choices, key=lambda one: (one.usd, one.hours, one.order))
    return (
        f"Nothing ends {' '.join(asked)}. Nearest ({miss(nearest):.1%} over): {_named(nearest.priced)}. "
        f"Fastest: {_named(_priced(fastest))}. Cheapest: {_named(_priced(cheapest))}."
    )


def _near_misses(
    ways: Ways, candidates: Sequence[Candidate], rows: Sequence[Choice], aim: _Aim, *, at_ends: bool
) -> list[NearMiss]:
    """Rows that are better but break a limit, nearest first, then the next best of other GPUs or providers."""
    best = rows[0]
    broken = sorted(
        (
            (miss_of(candidate, aim.limits, at_ends=at_ends), candidate.choice.order, candidate)
            for candidate in candidates
        ),
        key=lambda entry: entry[:2],
    )
    misses: list[NearMiss] = []
    seen_rows: set[Row] = set()
    for miss, _, candidate in broken:
        choice = candidate.choice
        if len(misses) == NEAR_MISSES - 2:
            break
        if miss > 0 and aim.beats(choice, best) and _row(choice) not in seen_rows:
            seen_rows.add(_row(choice))
            why = _broken(candidate, _priced(best), aim, at_ends=at_ends)
            misses.append(NearMiss(estimate=ways.written(candidate.priced), why=why))
    seen = {(_priced(best).offer.provider, _priced(best).offer.gpu)}
    for choice in rows[1:]:
        found = _priced(choice)
        kind = (found.offer.provider, found.offer.gpu)
        if len(misses) == NEAR_MISSES:
            break
        if kind not in seen:
            seen.add(kind)
            misses.append(NearMiss(estimate=ways.written(found), why=_beaten(found, _priced(best))))
    return misses


def _broken(candidate: Candidate, best: Figures, aim: _Aim, *, at_ends: bool) -> str:
    seconds, usd = figures_of(candidate, at_ends=at_ends)
    reasons = []
    may = "may end" if at_ends else "ends"
    if aim.max_hours is not None and hours(seconds) > aim.max_hours:
        reasons.append(f"{may} {hours(seconds) - aim.max_hours:,.2f} h too late")
    if aim.max_usd is not None and usd > aim.max_usd:
        reasons.append(f"{'may cost' if at_ends else 'costs'} {usd - aim.max_usd:,.2f} USD too much")
    return f"would {_gain(candidate.priced, best)}, but {' and '.join(reasons)}"


def _gain(found: Figures, best: Figures) -> str:
    if found.usd < best.usd:
        return f"save {best.usd - found.usd:,.2f} USD"
    return f"save {hours(best.seconds - found.seconds):,.2f} h"


def _beaten(found: Figures, best: Figures) -> str:
    usd = (
        f"{abs(found.usd / best.usd - 1):.0%} {'dearer' if found.usd >= best.usd else 'cheaper'}"
        if best.usd > 0
        else ""
    )
    slower = f"{abs(found.seconds / best.seconds - 1):.0%} {'slower' if found.seconds >= best.seconds else 'faster'}"
    return f"{usd} and {slower}" if usd else slower


def _sentences(
    result: EstimateResult, best: Estimate, ordered: Sequence[Choice], rows: int, aim: _Aim, *, at_ends: bool
) -> list[str]:
    sentences = [f"Take {_named(best)}: {aim.text()} of {rows} estimates{_that(aim)}."]
    sentences += _step_up(ordered, aim)
    sentences += _sure(best, aim, at_ends=at_ends)
    fastest = min(ordered, key=lambda one: (one.hours, one.usd, one.order))
    cheapest = min(ordered, key=lambda one: (one.usd, one.hours, one.order))
    for what, other in (("The cheapest", cheapest), ("The fastest", fastest)):
        if other is not ordered[0]:
            sentences.append(f"{what} within the limits is {_named(_priced(other))}.")
    gpu_hours = hours(best.seconds) * best.offer.gpu_count * best.node_count
    share = f", {best.usd / aim.max_usd:.0%} of the budget" if aim.max_usd else ""
    sentences.append(
        f"Size of the project: {result.workload.samples:,.0f} {result.workload.model.sample_unit}s, {gpu_hours:,.1f} GPU-hours{share}."
    )
    basis = (
        "measured on this GPU and count"
        if best.throughput.basis.is_measured
        else f"{best.throughput.basis}, not measured there"
    )
    sentences.append(f"Throughput: {basis}, with {best.throughput.stack.strip()}; another framework will differ.")
    sentences.append(_memory(best))
    sentences += filter(
        None, (batch_warning(best, result.workload).removeprefix("! ") or large_batch_text(best, result.workload),)
    )
    age = (result.as_of - best.offer.observed_on).days
    sentences.append(f"The price is {age} days old; that capacity is free now is not said.")
    return sentences


def _step_up(ordered: Sequence[Choice], aim: _Aim) -> list[str]:
    """What the next faster row that is worth its money would buy, per hour saved."""
    best = ordered[0]
    faster = [
        one
        for one in worthwhile(ordered, aim.hour_worth)
        if one.time < best.time and one.usd > best.usd and one.hours < best.hours
    ]
    if not faster:
        return []
    step = min(faster, key=lambda one: (one.money(aim.hour_worth), one.order))
    usd, saved = step.usd - best.usd, best.hours - step.hours
    found = _priced(step)
    return [
        f"{money_text(usd)} USD more save {time_text(saved * SECONDS_PER_HOUR)}: {money_text(usd / saved)} USD an hour, "
        f"on {gpus_text(found.offer, found.node_count)} at {provider_name(found.offer)} ({found.offer.instance_type})."
    ]


def _that(aim: _Aim) -> str:
    parts = []
    if aim.max_hours is not None:
        parts.append(f"end within {aim.max_hours:,.1f} h")
    if aim.max_usd is not None:
        parts.append(f"cost no more than {aim.max_usd:,.2f} USD")
    return f" that {' and '.join(parts)}" if parts else ""


def _sure(best: Estimate, aim: _Aim, *, at_ends: bool) -> list[str]:
    """Sentences on whether the limits hold at the slow and the dear end, and for nine in ten interrupted runs."""
    if aim.limits == (None, None):
        return []
    seconds_p90, usd_p90 = percentile(best)
    seconds, usd = max(best.seconds_high, seconds_p90), max(best.usd_high, usd_p90)
    late = aim.max_hours is not None and hours(seconds) > aim.max_hours
    dear = aim.max_usd is not None and usd > aim.max_usd
    if not (late or dear):
        return ["That holds at the slow and the dear end of the range too."]
    none = "" if at_ends else "No row is sure to keep the limits. "
    return [
        f"{none}With bad luck it takes {hours(seconds):,.2f} h and costs {usd:,.2f} USD, which breaks the limit: leave room."
    ]


def _memory(best: Estimate) -> str:
    batch = best.throughput.batch_size_per_gpu
    if best.fits_memory:
        at = "" if batch is None else f", at a batch of {batch:,.0f} a GPU"
        return f"The model fits into the memory of these GPUs{at}."
    return "Whether the model fits into memory is not known; try the batch size before renting for long."


def _card_or_cloud(asked: RecommendArguments) -> str:
    """A sentence on whether buying one of the desktop cards pays for such runs."""
    from planner.answers.compare import compare  # noqa: PLC0415 - only a recommendation weighs both
    from planner.options.owner_arguments import CompareArguments  # noqa: PLC0415

    given: Mapping[str, Any] = asked
    shared = {name: given[name] for name in declared(CompareArguments) if name in given}
    runs_per_month = asked["jobs_per_month"]
    try:
        found = compare(**shared | {"buy": DESK_CARDS, "jobs_per_month": runs_per_month})
    except PlannerError as error:
        return Sentence("Cloud or card: a purchase cannot be weighed here ({why})", why=error)
    runs = "one such run" if runs_per_month == 1 else f"{runs_per_month:g} such runs"
    return f"Cloud or card, at {runs} a month: {found.verdict} See: planner compare"


def _card_for(asked: RecommendArguments) -> tuple[str, ...]:
    """A sentence that names the card for the budget of one, if there is such a budget."""
    if asked["card_budget_usd"] is None:
        return ()
    from planner.answers.cards_ranked import card_sentence  # noqa: PLC0415 - few ask for a card

    return (card_sentence(asked, asked["card_budget_usd"]),)


def _owned(rows: Sequence[Choice]) -> str:
    """A sentence that compares the user's own machine with renting."""
    within_limits = list(map(_priced, rows))
    best = within_limits[0]
    owned = (found for found in within_limits if found.offer.provider == "own")
    own = min(owned, key=lambda found: found.usd, default=None)
    if own is None:
        return "Your own machine does not meet the limits; rent."
    if own is best:
        return "Your own machine is the best choice."
    rented = "dearer" if best.usd > own.usd else "cheaper"
    return (
        f"Your own machine takes {hours(own.seconds):,.2f} h at {own.usd:,.2f} USD; the rented one is "
        f"{abs(best.usd - own.usd):,.2f} USD {rented} and {abs(hours(best.seconds - own.seconds)):,.2f} h "
        f"{'faster' if best.seconds < own.seconds else 'slower'}."
    )


def _named(found: Priced | Estimate) -> str:
    offer = found.offer
    nodes = f"{found.node_count} x " if found.node_count > 1 else ""
    return (
        f"{nodes}{device_count_text(offer.gpu, offer.gpu_count)} at {offer.provider} ({offer.instance_type}, {offer.zone or offer.region}, "
        f"{str(offer.purchase).replace('_', ' ')}) with {found.seconds / SECONDS_PER_HOUR:,.2f} h and {found.usd:,.2f} USD"
    )
