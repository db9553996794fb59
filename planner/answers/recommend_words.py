"""The sentences of a recommendation: the choice, what more money buys, whether it holds, and why others lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.answers.aim import Aim
from planner.answers.chosen import Candidate, broken_of, figures_of, miss_of
from planner.answers.markets import paid_to
from planner.answers.picking import SETUP_HOURS, Choice, worthwhile
from planner.answers.ranking import Figures, Priced
from planner.cost.bill import percentile
from planner.errors import PlannerError, Sentence
from planner.model.records import Estimate
from planner.options.declared import declared
from planner.options.owner_arguments import RecommendArguments
from planner.results.answer import LESS, run_warnings
from planner.results.batch import batch_warning, large_batch_text
from planner.results.estimate import EstimateResult
from planner.results.words import (
    ANYWHERE,
    basis_text,
    gpus_text,
    limit_text,
    money_text,
    provider_name,
    range_text,
    terms_text,
    time_text,
)
from planner.units import SECONDS_PER_HOUR, hours

DESK_CARDS = ("rtx-3090", "rtx-4090", "rtx-5090", "rtx-a6000")
"""Cards weighed against renting: those with much memory that fit a workstation and have several known prices."""


def nearest(candidates: Sequence[Candidate], aim: Aim) -> str:
    """The message where nothing meets the limits: what is nearest, fastest and cheapest."""
    asked = []
    if aim.max_hours is not None:
        asked.append(f"within {limit_text(aim.max_hours * SECONDS_PER_HOUR)}")
    if aim.max_usd is not None:
        asked.append(f"for {aim.max_usd:,.6g} USD")

    def miss(one: Candidate) -> float:
        return max(miss_of(one, aim.limits, at_ends=False), 0.0)

    nearest = min(candidates, key=lambda one: (miss(one), one.choice.merit(aim.hour_worth)))
    choices = [one.choice for one in candidates]
    fastest = min(choices, key=lambda one: (one.hours, one.usd, one.order))
    cheapest = min(choices, key=lambda one: (one.usd, one.hours, one.order))
    return (
        f"Nothing ends {' '.join(asked)}. Nearest ({_over_text(miss(nearest))}): {_named(nearest.priced)}. "
        f"Fastest: {_named(priced_of(fastest))}. Cheapest: {_named(priced_of(cheapest))}."
    )


def _over_text(part: float) -> str:
    """By how much a limit is passed: 12.5% over, 3.6 times the limit."""
    return (
        f"{part:.1%} over"
        if part < 1
        else f"{1 + part:,.2g} times the limit"
        if part < 9
        else f"{1 + part:,.0f} times the limit"
    )


def why_broken(candidate: Candidate, best: Figures, aim: Aim, *, at_ends: bool) -> str:
    """What a better row would save, and which limit it breaks."""
    seconds, usd = figures_of(candidate, at_ends=at_ends)
    broken = []
    if aim.max_hours is not None and hours(seconds) > aim.max_hours:
        broken.append(f"{time_text(seconds - aim.max_hours * SECONDS_PER_HOUR)} late")
    if aim.max_usd is not None and usd > aim.max_usd:
        broken.append(f"{money_text(usd - aim.max_usd)} USD over")
    return ", ".join((*_gain(candidate.priced, best), f"{'may be ' * at_ends}{' and '.join(broken)}"))


def _gain(found: Figures, best: Figures) -> tuple[str, ...]:
    """What a row saves against the best: money, else time, else nothing."""
    if found.usd < best.usd:
        return (f"saves {money_text(best.usd - found.usd)} USD",)
    return (f"saves {time_text(best.seconds - found.seconds)}",) if found.seconds < best.seconds else ()


def why_beaten(found: Figures, best: Figures) -> str:
    """By how much a row is dearer and slower."""
    usd = _ratio_text(found.usd / best.usd, ("cheaper", "dearer", "as dear", "as dear")) if best.usd > 0 else ""
    time = _ratio_text(found.seconds / best.seconds, ("faster", "slower", "as slow", "as fast"))
    return " and ".join(filter(None, (usd, time)))


def _ratio_text(ratio: float, words: tuple[str, str, str, str]) -> str:
    """How much less or more it is: 36% dearer; from twice on so many times as much."""
    less, more, times, same = words
    if ratio >= 2:
        return f"{ratio:.2g} times {times}" if ratio < 10 else f"{ratio:,.0f} times {times}"
    apart = f"{abs(ratio - 1):.0%}"
    return same if apart == "0%" else f"{apart} {less if ratio < 1 else more}"


def answer(
    best: Estimate, ordered: Sequence[Choice], rows: Sequence[Choice], aim: Aim, *, at_ends: bool
) -> tuple[str, ...]:
    """The choice, whether the limits hold when things go badly, and what the next step up would buy.

    Args:
        best: the estimate of the first row.
        ordered: all that keep the limits, best first.
        rows: the best of each row of the table among them.
        aim: what it is the best of.
        at_ends: whether the limits hold at the slow and the dear end.
    """
    terms = terms_text(best, paid_to(best.offer))
    bill = range_text(best.usd, best.usd_low, best.usd_high)
    choice = (
        f"Take {gpus_text(best.offer, best.node_count)} {terms} ({_machine(best)}): {bill} USD and "
        f"{time_text(best.seconds)}, {basis_text(best.throughput.basis)}. {_why_first(rows, aim)}"
    )
    return choice, *_sure(best, aim, at_ends=at_ends), *_expected_less(ordered, aim), *_step_up(ordered, aim)


def _why_first(rows: Sequence[Choice], aim: Aim) -> str:
    """What the first row is the best of; where others keep the limits less surely, how many do so as surely."""
    broken = [broken_of(one.row, aim.limits) for one in rows]
    count = broken.count(broken[0])
    if count == len(rows):
        return f"{aim.text()} of {_rows_text(len(rows), aim)}."
    least = "it alone may break" if count == 1 else f"{count} may break"
    which = "" if count == 1 else f": {aim.text().lower()} of those"
    return f"Of {_rows_text(len(rows), aim)}, {least} only one of the limits{which}."


def reasons(result: EstimateResult, best: Estimate, ordered: Sequence[Choice], aim: Aim) -> list[str]:
    """What else belongs to the choice: the cheapest and the fastest, the size of the work, what the figures rest on."""
    sentences: list[str] = []
    within_limits = " within the limits" if any(aim.limits) else ""
    fastest = min(ordered, key=lambda one: (one.hours, one.usd, one.order))
    cheapest = min(ordered, key=lambda one: (one.usd, one.hours, one.order))
    for what, other in (("The cheapest", cheapest), ("The fastest", fastest)):
        if other is not ordered[0]:
            sentences.append(f"{what}{within_limits} is {_named(priced_of(other))}.")
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
    sentences += (warning.removeprefix("! ") for warning in run_warnings([best], result.workload))
    sentences += filter(
        None, (batch_warning(best, result.workload).removeprefix("! ") or large_batch_text(best, result.workload),)
    )
    age = (result.as_of - best.offer.observed_on).days
    sentences.append(f"The price is {age} days old; that capacity is free now is not said.")
    return sentences


def _expected_less(ordered: Sequence[Choice], aim: Aim) -> list[str]:
    """Where another row is expected to be better than the first: that row, and why it is not taken."""
    if aim.max_hours is None:
        better = _expected_better(ordered, aim)
        return [] if better is None else [_better_text(better)]
    best, least = ordered[0], min(ordered, key=lambda one: (one.usd, one.hours, one.order))
    if least.usd >= LESS * best.usd:
        return []
    found = priced_of(least)
    what = f"{money_text(least.usd)} USD are expected on {gpus_text(found.offer, found.node_count)} at {provider_name(found.offer)}"
    if broken_of(least.row, aim.limits) > broken_of(best.row, aim.limits):
        return [f"{what}, which may break both limits."]
    if least.is_several and not best.is_several:
        return [f"{what}, but {_setup_text(aim)}."]
    return [f"{what}, which is less sure: up to {money_text(least.usd_high)} USD beside other rows."]


def _expected_better(ordered: Sequence[Choice], aim: Aim) -> Choice | None:
    """Without a deadline: the row that costs least, money and time as expected, where its own doubt is why it is not first."""

    def expected(one: Choice) -> float:
        return one.usd + aim.hour_worth * one.hours

    best = ordered[0]
    least = min(
        (one for one in ordered if one.is_several <= best.is_several), key=lambda one: (expected(one), one.order)
    )
    doubt = least.cost(aim.hour_worth) - expected(least)
    if aim.max_hours is not None or doubt <= best.cost(aim.hour_worth) - expected(best):
        return None
    return least if expected(least) < LESS * expected(best) else None


def _better_text(one: Choice) -> str:
    found = priced_of(one)
    return (
        f"{money_text(one.usd)} USD and {time_text(one.hours * SECONDS_PER_HOUR)} are expected on "
        f"{gpus_text(found.offer, found.node_count)} at {provider_name(found.offer)}, which is less sure: "
        f"up to {money_text(one.usd_high)} USD and {time_text(one.hours_high * SECONDS_PER_HOUR)} beside other rows."
    )


def _setup_text(aim: Aim) -> str:
    worth = money_text(SETUP_HOURS * aim.hour_worth)
    return f"setting up several machines counts {SETUP_HOURS:g} hours, {worth} USD"


def _step_up(ordered: Sequence[Choice], aim: Aim) -> list[str]:
    """What the next faster row that is worth its money would buy, per hour saved; and several machines that would buy more."""
    best = ordered[0]
    step, better = _next_step(ordered, aim), _expected_better(ordered, aim)
    said = []
    has_been_said = step is not None and better is not None and step.machine == better.machine
    if step is not None and step.is_several <= best.is_several and not has_been_said:
        saved = time_text((best.hours - step.hours) * SECONDS_PER_HOUR)
        found = priced_of(step)
        said.append(
            f"{money_text(step.usd - best.usd)} USD more save {saved}: {money_text(_usd_per_hour(best, step))} USD an hour, "
            f"on {gpus_text(found.offer, found.node_count)} at {provider_name(found.offer)} ({found.offer.instance_type})."
        )
    return [*said, *_several_passed_over(ordered, step, aim)]


def _next_step(ordered: Sequence[Choice], aim: Aim) -> Choice | None:
    """The next faster row that is worth its money; `None` where there is none, or where it takes no more money to be faster."""
    best = ordered[0]
    if any(one.usd <= best.usd and one.hours < best.hours for one in ordered):
        return None
    faster = [
        one
        for one in worthwhile(ordered, aim.hour_worth)
        if one.time < best.time and one.usd > best.usd and one.hours < best.hours
    ]
    return min(faster, key=lambda one: (one.money(aim.hour_worth), one.order), default=None)


def _several_passed_over(ordered: Sequence[Choice], step: Choice | None, aim: Aim) -> list[str]:
    """Several machines that would be taken, or be the next step, if they were set up already; none where there are none."""
    best = ordered[0]
    several = [one for one in ordered if one.is_several and one.hours < best.hours]
    if best.is_several or not several:
        return []

    def cost(one: Choice) -> float:
        return one.money(0.0) + aim.hour_worth * one.time

    fast = min(several, key=lambda one: (cost(one), one.order))
    is_named = aim.max_hours is not None and fast.usd < LESS * best.usd  # it costs less, and that has been said
    is_step = step is not None and (step.is_several or _usd_per_hour(best, fast) < _usd_per_hour(best, step))
    if is_named or not (is_step or cost(fast) < cost(best)):
        return []
    found, usd = priced_of(fast), fast.usd - best.usd
    money = f" for {money_text(usd)} USD" if usd > 0 else f" and {money_text(-usd)} USD"
    saved = time_text((best.hours - fast.hours) * SECONDS_PER_HOUR)
    machines = f"{gpus_text(found.offer, found.node_count)} at {provider_name(found.offer)}"
    return [f"{machines} would save {saved}{money}, but {_setup_text(aim)}."]


def _usd_per_hour(best: Choice, faster: Choice) -> float:
    """What an hour saved costs."""
    return (faster.usd - best.usd) / (best.hours - faster.hours)


def _rows_text(rows: int, aim: Aim) -> str:
    """How many rows keep the limits: `51 rows that cost no more than 50 USD`."""
    one = rows == 1
    parts = []
    if aim.max_hours is not None:
        parts.append(f"end{'s' * one} within {limit_text(aim.max_hours * SECONDS_PER_HOUR)}")
    if aim.max_usd is not None:
        parts.append(f"cost{'s' * one} no more than {aim.max_usd:,.6g} USD")
    counted = "the one row" if one else f"{rows:,} rows"
    return f"{counted} that {' and '.join(parts)}" if parts else counted


def _sure(best: Estimate, aim: Aim, *, at_ends: bool) -> list[str]:
    """Sentences on whether the limits hold at the slow and the dear end, and for nine in ten interrupted runs."""
    if aim.limits == (None, None):
        return []
    seconds_p90, usd_p90 = percentile(best)
    seconds, usd = max(best.seconds_high, seconds_p90), max(best.usd_high, usd_p90)
    late = aim.max_hours is not None and hours(seconds) > aim.max_hours
    dear = aim.max_usd is not None and usd > aim.max_usd
    if not (late or dear):
        return ["That holds at the slow and the dear end of the range too."]
    both = None not in aim.limits
    none = "" if at_ends else f"No row is sure to keep {'both limits' if both else 'the limit'}. "
    broken = "both limits" if late and dear else "the deadline" if late else "the budget"
    return [
        f"{none}With bad luck it takes {time_text(seconds)} and costs {money_text(usd)} USD, which breaks {broken}: leave room."
    ]


def _memory(best: Estimate) -> str:
    batch = best.throughput.batch_size_per_gpu
    if best.fits_memory:
        at = "" if batch is None else f", at a batch of {batch:,.0f} a GPU"
        return f"The model fits into the memory of these GPUs{at}."
    return "Whether the model fits into memory is not known; try the batch size before renting for long."


def card_or_cloud(asked: RecommendArguments) -> str:
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


def card_for(asked: RecommendArguments) -> tuple[str, ...]:
    """A sentence that names the card for the budget of one, if there is such a budget."""
    if asked["card_budget_usd"] is None:
        return ()
    from planner.answers.cards_ranked import card_sentence  # noqa: PLC0415 - few ask for a card

    return (card_sentence(asked, asked["card_budget_usd"]),)


def owned(rows: Sequence[Choice]) -> str:
    """A sentence that compares the user's own machine with renting."""
    within_limits = list(map(priced_of, rows))
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
    return (
        f"{gpus_text(offer, found.node_count)} at {provider_name(offer)} ({_machine(found)}, "
        f"{str(offer.purchase).replace('_', ' ')}) with {time_text(found.seconds)} and {found.usd:,.2f} USD"
    )


def _machine(found: Priced | Estimate) -> str:
    offer = found.offer
    place = offer.zone or offer.region
    return offer.instance_type + (f", {place}" if place not in ANYWHERE else "")


def priced_of(choice: Choice) -> Priced:
    """The row behind a choice."""
    candidate: Candidate = choice.row
    return candidate.priced
