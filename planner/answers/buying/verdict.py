"""The verdict of a comparison: break-even, sensitivity, odds, and one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from planner.answers.buying.factors import factors_of
from planner.cost.break_even import case_break_even_months, never_reason, paid_if_sold_months
from planner.cost.rent_or_buy import Month, margin_at, margin_usd, rent_usd
from planner.cost.sensitivity import Sensitivity, sensitivities
from planner.cost.uncertainty import Odds, odds
from planner.model.frozen import changed
from planner.results.comparison import BreakEven, UseMonth
from planner.results.sides import Owned
from planner.units import HOURS_PER_MONTH

CLOSE = 0.5  # share of the draws
PERCENTS = (5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""Uses of the machine that the curve over use shows, in percent of the month."""

MOST_TURNS = 3  # assumptions that the sentence names; the table has them all
WHOLE = 100  # from here on without decimals
MOST_SURE = 0.99
"""Surer than this is only said where no single assumption turns the verdict within its range."""


def break_even_of(owned: Owned, curve: Sequence[Month], *, has_jobs: bool) -> BreakEven:
    """The point from which on the machine has paid for itself."""
    case = owned.case
    months = case_break_even_months(case)
    if months is None:
        return BreakEven(jobs=None, months=None, gpu_hours=None, reason=never_reason(case), months_if_sold=None)
    # with a rent per hour and no workload, hours are hours of the whole machine
    gpus = 1 if owned.rental.cell is None else owned.machine.gpu_count
    return BreakEven(
        jobs=months * case.jobs_per_month if has_jobs else None,
        months=months,
        gpu_hours=months * case.hours_per_month * gpus,
        reason=None,
        months_if_sold=paid_if_sold_months(curve),
    )


def use_curve(owned: Owned) -> tuple[UseMonth, ...]:
    """Margin and break-even at uses of the machine from 5 percent of the average month on."""
    if owned.case.hours_per_job == 0:
        return ()
    found = []
    for percent in _percents(owned):
        hours = HOURS_PER_MONTH * percent / 100
        case = changed(owned.case, jobs_per_month=hours / owned.case.hours_per_job)
        found.append(
            UseMonth(
                utilisation=percent / 100,
                hours_per_month=hours,
                margin_usd=margin_usd(case),
                break_even_months=case_break_even_months(case),
            )
        )
    return tuple(found)


def _percents(owned: Owned) -> list[float]:
    """Uses of the average month that are looked at: up to what the machine does in its busiest, or double the work planned."""
    planned, case = owned.case.work_hours_per_month / HOURS_PER_MONTH * 100, owned.case
    if owned.rest is None:
        return [percent for percent in PERCENTS if percent * case.peak.busiest <= 100 or percent <= planned]
    return [*PERCENTS, *(planned * more for more in (0.75, 1.0, 1.25, 1.5, 2.0) if planned * more > 100)]


def judged(owned: Owned, *, job: str) -> tuple[Odds, tuple[Sensitivity, ...]]:
    """The odds that owning is cheaper, and what each assumption does to the margin: over the same ranges."""
    factors, margin = factors_of(owned, job=job), margin_at(owned.case)
    return odds(factors, margin), sensitivities(factors, margin)


def sentence(
    owned: Owned, break_even: BreakEven, chance: Odds, found: Sequence[Sensitivity], other: Sequence[str] = ()
) -> str:
    """The verdict: what to do against which rental, by how much, how sure that is, and what would turn it.

    Args:
        owned: the best machine, with the rental it is compared with.
        break_even: when its purchase has paid.
        chance: the odds over the ranges of `found`.
        found: what each assumption does to the margin.
        other: ways to pay against which the verdict would be the other one.
    """
    case, rental = owned.case, owned.rental
    rented, owning = rent_usd(case), owned.usd
    what, over = owned.label, f"over {case.terms.months:g} months"
    gap = abs(rented - owning)
    share = f" ({gap / rented:.0%})" if rented > 0 else ""
    turning = [entry for entry in found if entry.turns]
    if is_close(owned.margin_usd, chance):
        start = f"Too close to call: {over} {what} costs {owning:,.0f} USD, renting {rented:,.0f} USD"
    elif owned.margin_usd > 0:
        verb = "Use" if owned.is_owned_already else "Buy"
        start = (
            f"{verb} {what}: {over} it costs {owning:,.0f} USD, renting {rented:,.0f} USD, {gap:,.0f} USD{share} less"
        )
    else:
        start = f"Rent: {over} it costs {rented:,.0f} USD, {what} {owning:,.0f} USD, {gap:,.0f} USD{share} more"
    parts = [
        start,
        f"Rented is {rental.label}" + _rest_text(owned),
        _when(owned, break_even),
        f"Owning is cheaper in {_certainty(chance, turning)} of {chance.draws:,} draws",
    ]
    if turning:
        turns = [_turn(entry, entry.flips_at) for entry in turning[:MOST_TURNS] if entry.flips_at is not None]
        parts.append("Alone would turn it: " + ", ".join(turns))
    if other:
        parts.append(f"Against {', '.join(other)} {'renting' if owned.margin_usd > 0 else 'buying'} is cheaper")
    return ". ".join(parts) + "."


def _rest_text(owned: Owned) -> str:
    """How much of the work exceeds the machine, and where it is rented unless all would be rented there."""
    if owned.rest is None:
        return ""
    case = owned.case
    share = case.rest_jobs_per_month / case.jobs_per_month if case.jobs_per_month else 0.0
    where = "" if owned.rest.label == owned.rental.label else f", on {owned.rest.label}"
    return f". {share:.0%} of the work exceeds the machine and is rented{where}"


def is_close(margin_usd: float, chance: Odds) -> bool:
    """Whether the planned figures say one thing and most draws another: then neither side is named."""
    return (margin_usd > 0) != (chance.probability_buying_wins > CLOSE)


def _certainty(chance: Odds, turning: Sequence[Sensitivity]) -> str:
    """The share of draws; never all or none of them where a single assumption turns the verdict within its range."""
    share = chance.probability_buying_wins
    if turning and share > MOST_SURE:
        return f"more than {MOST_SURE:.0%}"
    if turning and share < 1 - MOST_SURE:
        return f"less than {1 - MOST_SURE:.0%}"
    return f"{share:.0%}"


def _turn(entry: Sensitivity, flips_at: float) -> str:
    side = "above" if flips_at > entry.base else "below"
    return f"{entry.name} {side} {_amount(flips_at, entry.unit)}"


def _amount(value: float, unit: str) -> str:
    if unit == "of price":
        return f"{value:.0%}"
    return f"{value:,.0f} {unit}" if value >= WHOLE else f"{value:.3g} {unit}"


def _when(owned: Owned, break_even: BreakEven) -> str:
    if owned.is_owned_already:
        return "Nothing is bought"
    if break_even.months is None:
        return f"Resale aside, the purchase never pays: {break_even.reason}"
    beyond = ", beyond the horizon" if break_even.months > owned.case.terms.months else ""
    jobs = "" if break_even.jobs is None else f" ({break_even.jobs:,.0f} jobs)"
    return f"Resale aside, the purchase pays after {break_even.months:,.1f} months{jobs}{beyond}"
