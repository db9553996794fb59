"""`planner recommend`: the best way to a result within a deadline and a budget, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from planner.answers.question import question_from
from planner.answers.ranking import Figures, Priced
from planner.answers.ways import Ways, all_ways
from planner.cost.bill import percentile
from planner.errors import LimitError, PlannerError, Sentence, UsageError
from planner.model.frozen import dataclass
from planner.model.records import Basis, Estimate, Purchase
from planner.options.amounts import hours_until
from planner.options.arguments import EstimateArguments
from planner.options.declared import declared, takes
from planner.options.owner_arguments import RecommendArguments
from planner.results.estimate import EstimateResult
from planner.results.recommendation import NearMiss, Recommendation, Way
from planner.units import SECONDS_PER_HOUR, hours

NEAR_MISSES = 5
MORE_NODES = (2, 4, 8)
"""Numbers of instances tried besides one where none is asked for."""

DESK_CARDS = ("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000")
"""Cards weighed against renting: those with much memory that fit a workstation and have several known prices."""

Row = tuple[str, str, float, Purchase, int]

_OF_ESTIMATES = frozenset(declared(EstimateArguments)) - {"nodes", "max_hours", "max_usd", "limit"}
"""Arguments that its estimates are made with; limits and order are those of the recommendation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    deadline_seconds: float | None
    budget_usd: float | None

    def hold(self, found: Figures) -> bool:
        return self.over(found) == 0

    def over(self, found: Figures) -> float:
        """The larger of the factors by which limits are exceeded, less one; 0 if both hold."""
        late = found.seconds / self.deadline_seconds - 1 if self.deadline_seconds else 0.0
        dear = found.usd / self.budget_usd - 1 if self.budget_usd else 0.0
        return max(late, dear, 0.0)

    def merit(self, found: Figures) -> tuple[float, float]:
        """The sort key of a way: cheapest within a deadline, fastest within a budget, else least USD x hours.

        Ways are kept in the order of their rank, which decides between equals.
        """
        if self.deadline_seconds is not None:
            return found.usd, found.seconds
        if self.budget_usd is not None:
            return found.seconds, found.usd
        return found.usd * found.seconds, found.usd

    @property
    def aim(self) -> str:
        if self.deadline_seconds is not None:
            return "cheapest"
        return "fastest" if self.budget_usd is not None else "best value (least USD x hours)"


@takes(RecommendArguments)
def recommend(**asked: Unpack[RecommendArguments]) -> Recommendation:
    """Recommends the best estimates within a deadline and a budget.

    With a deadline the cheapest that ends in time, with only a budget the fastest it pays, with neither the smallest
    product of USD and hours. A limit is held against the expected time and cost; the sentences say whether the slow end
    of the range and nine in ten interrupted runs meet it too.

    Args:
        asked: any option of docs/options.md that `recommend` takes, by its name in Python; `max_hours` (`deadline`) and
            `max_usd` (`budget`) are the limits.

    Raises:
        UsageError: a limit cannot be one, or a machine is owned that no price book names.
        LimitError: nothing meets the limits; the message names the nearest possibility.
    """
    limit = asked["max_hours"]
    limits = _Limits(
        deadline_seconds=None if limit is None else hours_until(limit, as_of=asked["as_of"]) * SECONDS_PER_HOUR,
        budget_usd=asked["max_usd"],
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
    holding = [found for found in ways.found if limits.hold(found)]
    if not holding:
        raise LimitError(_nearest(ways.found, limits))
    within = _best_of_each_row(holding, limits)
    chosen = [ways.written(found, rank) for rank, found in enumerate(within[: asked["limit"]], start=1)]
    return Recommendation(
        result=replace(ways.result, estimates=tuple(chosen)),
        near_misses=tuple(_near_misses(ways, within, limits)),
        sentences=(
            *_sentences(ways.result, chosen[0], within, holding, limits),
            _owned(within) if is_owned else _card_or_cloud(asked),
        ),
        everything=tuple(
            Way(
                offer=found.offer,
                node_count=found.node_count,
                seconds=found.seconds,
                usd=found.usd,
                is_pareto=place in ways.front,
            )
            for place, found in enumerate(ways.found)
        ),
    )


def _over_nodes(nodes: int | None, options: Mapping[str, Any]) -> Ways:
    """Every group of offers, priced on `nodes` machines or on one and several."""
    counts = (1, *MORE_NODES) if nodes is None else (nodes,)
    return all_ways([question_from({**options, "nodes": count}) for count in counts])


def _best_of_each_row(holding: Iterable[Priced], limits: _Limits) -> list[Priced]:
    """The best of each provider, GPU, count, purchase and number of nodes, best first."""
    best: dict[Row, Priced] = {}
    for found in sorted(holding, key=limits.merit):
        best.setdefault(_row(found), found)
    return list(best.values())


def _row(found: Priced) -> Row:
    offer = found.offer
    return offer.provider, offer.gpu, offer.gpu_count, offer.purchase, found.node_count


def _nearest(estimates: Sequence[Priced], limits: _Limits) -> str:
    asked = []
    if limits.deadline_seconds is not None:
        asked.append(f"within {hours(limits.deadline_seconds):,.2f} h")
    if limits.budget_usd is not None:
        asked.append(f"for {limits.budget_usd:,.2f} USD")
    nearest = min(estimates, key=lambda found: (limits.over(found), *limits.merit(found)))
    fastest = min(estimates, key=lambda found: (found.seconds, found.usd))
    cheapest = min(estimates, key=lambda found: (found.usd, found.seconds))
    return (
        f"Nothing ends {' '.join(asked)}. Nearest ({limits.over(nearest):.1%} over): {_named(nearest)}. "
        f"Fastest: {_named(fastest)}. Cheapest: {_named(cheapest)}."
    )


def _near_misses(ways: Ways, within: Sequence[Priced], limits: _Limits) -> list[NearMiss]:
    """Estimates that are better but break a limit, nearest first, then the next best of other GPUs or providers."""
    best = within[0]
    broken = [found for found in ways.found if not limits.hold(found) and limits.merit(found) < limits.merit(best)]
    broken.sort(key=limits.over)
    nearest = {_row(found): found for found in reversed(broken)}  # of each row the nearest
    broken = [found for found in broken if nearest[_row(found)] is found]
    misses = [
        NearMiss(estimate=ways.written(found), why=_broken(found, best, limits)) for found in broken[: NEAR_MISSES - 2]
    ]
    seen = {(best.offer.provider, best.offer.gpu)}
    for found in within[1:]:
        kind = (found.offer.provider, found.offer.gpu)
        if len(misses) == NEAR_MISSES:
            break
        if kind not in seen:
            seen.add(kind)
            misses.append(NearMiss(estimate=ways.written(found), why=_beaten(found, best)))
    return misses


def _broken(found: Figures, best: Figures, limits: _Limits) -> str:
    reasons = []
    if limits.deadline_seconds is not None and found.seconds > limits.deadline_seconds:
        reasons.append(f"ends {hours(found.seconds - limits.deadline_seconds):,.2f} h too late")
    if limits.budget_usd is not None and found.usd > limits.budget_usd:
        reasons.append(f"costs {found.usd - limits.budget_usd:,.2f} USD too much")
    return f"would {_gain(found, best)}, but {' and '.join(reasons)}"


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
    result: EstimateResult,
    best: Estimate,
    within: Sequence[Priced],
    holding: Sequence[Priced],
    limits: _Limits,
) -> list[str]:
    sentences = [f"Take {_named(best)}: the {limits.aim} of {len(within)} estimates{_that(limits)}."]
    sentences += _sure(best, limits)
    fastest = min(holding, key=lambda found: (found.seconds, found.usd))
    value = min(holding, key=lambda found: (found.usd * found.seconds, found.usd))
    cheapest = min(holding, key=lambda found: (found.usd, found.seconds))
    for what, other in (("The cheapest", cheapest), ("The fastest", fastest), ("The best value", value)):
        if (other.usd, other.seconds) != (best.usd, best.seconds):
            sentences.append(f"{what} within the limits is {_named(other)}.")
    gpu_hours = hours(best.seconds) * best.offer.gpu_count * best.node_count
    share = f", {best.usd / limits.budget_usd:.0%} of the budget" if limits.budget_usd else ""
    sentences.append(
        f"Size of the project: {result.workload.samples:,.0f} {result.workload.model.sample_unit}s, {gpu_hours:,.1f} GPU-hours{share}."
    )
    basis = (
        "measured on this GPU and count"
        if best.throughput.basis is Basis.MEASURED
        else f"{best.throughput.basis}, not measured there"
    )
    sentences.append(f"Throughput: {basis}, with {best.throughput.stack.strip()}; another framework will differ.")
    sentences.append(_memory(best))
    age = (result.as_of - best.offer.observed_on).days
    sentences.append(f"The price is {age} days old; that capacity is free now is not said.")
    return sentences


def _that(limits: _Limits) -> str:
    parts = []
    if limits.deadline_seconds is not None:
        parts.append(f"end within {hours(limits.deadline_seconds):,.1f} h")
    if limits.budget_usd is not None:
        parts.append(f"cost no more than {limits.budget_usd:,.2f} USD")
    return f" that {' and '.join(parts)}" if parts else ""


def _sure(best: Estimate, limits: _Limits) -> list[str]:
    """Sentences on whether the limits hold at the slow end of the range, and for nine in ten interrupted runs."""
    seconds_p90, usd_p90 = percentile(best)
    seconds, usd = max(best.seconds_high, seconds_p90), max(best.usd_high, usd_p90)
    late = limits.deadline_seconds is not None and seconds > limits.deadline_seconds
    dear = limits.budget_usd is not None and usd > limits.budget_usd
    if not (late or dear):
        return ["That holds at the slow end of the range too."] if limits.deadline_seconds or limits.budget_usd else []
    return [
        f"With bad luck it takes {hours(seconds):,.2f} h and costs {usd:,.2f} USD, which breaks the limit: leave room."
    ]


def _memory(best: Estimate) -> str:
    batch = best.throughput.batch_size_per_gpu
    if best.fits_memory:
        at = "" if batch is None else f", at a batch of {batch:.0f} a GPU"
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


def _owned(within: Sequence[Priced]) -> str:
    """A sentence that compares the user's own machine with renting."""
    best = within[0]
    own = min((found for found in within if found.offer.provider == "own"), key=lambda found: found.usd, default=None)
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
        f"{nodes}{offer.gpu_count:g}x {offer.gpu} at {offer.provider} ({offer.instance_type}, {offer.zone or offer.region}, "
        f"{str(offer.purchase).replace('_', ' ')}) with {found.seconds / SECONDS_PER_HOUR:,.2f} h and {found.usd:,.2f} USD"
    )
