"""The verdict of a comparison: break-even, sensitivity, odds, and one sentence."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from planner.cost.break_even import case_break_even_months, never_reason, paid_if_sold_months
from planner.cost.discount import months_worth
from planner.cost.ownership import own_usd, own_usd_at
from planner.cost.rent_or_buy import Case, Month, margin_usd, rent_usd
from planner.cost.resale import ResaleCurve, resale_fraction
from planner.cost.sensitivity import Factor, Sensitivity, sensitivities
from planner.cost.uncertainty import Odds, Spread, odds
from planner.hardware.cards import Form
from planner.hardware.machines import LOAD_FRACTION, LOAD_FRACTION_HIGH, LOAD_FRACTION_LOW
from planner.model.records import Throughput
from planner.options.owning import MAX_MONTHS
from planner.results.comparison import BreakEven, Owned, UseMonth
from planner.units import HOURS_PER_MONTH

KWH_PRICE_LOW, KWH_PRICE_HIGH = 0.5, 2.0
"""Price of electricity from half to double: of the 208 household prices of the shipped table one in six is below half of the
middle one, one in eight above double."""

USE_LOW, USE_HIGH = 0.5, 2.0
"""Use per month from half to double what was planned: an assumption; own machines are used less than their buyers expect."""

LIFE_LOW, LIFE_HIGH = 0.5, 1.5  # of the horizon: an assumption
FARTHEST = 100.0  # times its value: where the search for a price that flips the verdict ends


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


def sensitivities_of(owned: Owned, *, job: str) -> tuple[Sensitivity, ...]:
    """Effect on the margin of rent, use, card price, electricity, resale and life at low and high, largest swing first."""
    factors = [_rent(owned, job), _use(owned, job), _life(owned), _electricity(owned)]
    if not owned.is_owned_already:
        factors += [_price(owned), _resale(owned)]
    return sensitivities(factors)


def odds_of(owned: Owned) -> Odds:
    """The odds that buying is cheaper, drawn over the ranges of throughput on both sides, prices, power and resale."""
    machine, rental, case, terms = owned.machine, owned.rental, owned.case, owned.case.terms
    worth = months_worth(terms.months, terms.discount_per_year)
    speed, rented_speed = _speed_spread(owned.throughput), _speed_spread(rental.throughput)
    is_same = rental.cell is not None and rental.cell == owned.cell
    cards = Spread(low=machine.cards.usd_low, likely=machine.cards.usd, high=machine.cards.usd_high)
    host = Spread(low=machine.host.usd_low, likely=machine.host.usd, high=machine.host.usd_high)
    load = Spread(low=LOAD_FRACTION_LOW / LOAD_FRACTION, likely=1.0, high=LOAD_FRACTION_HIGH / LOAD_FRACTION)
    price = Spread(low=rental.factor_low, likely=1.0, high=rental.factor_high)
    resale = _resale_range(owned)

    def margin(source: random.Random) -> float:
        own_speed = speed.draw(source)
        rent_speed = own_speed if is_same else rented_speed.draw(source)
        rent_price = 1.0 if rental.is_given else price.draw(source)
        owning = own_usd_at(
            terms,
            case.jobs_per_month * (case.hours_per_job / own_speed),
            card_usd=cards.draw(source),
            host_usd=host.draw(source),
            card_watts=terms.card_watts * (1.0 if owned.has_given_watts else load.draw(source)),
            resale_fraction=resale[0] if len(resale) == 1 else source.uniform(*resale),
        )
        return case.jobs_per_month * (case.rent_usd_per_job * rent_price / rent_speed) * worth - owning

    return odds(margin)


def use_curve(owned: Owned) -> tuple[UseMonth, ...]:
    """Margin and break-even at uses of the machine from 5 to 100 percent of the month."""
    if owned.case.hours_per_job == 0:
        return ()
    found = []
    for percent in (5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100):
        hours = HOURS_PER_MONTH * percent / 100
        case = replace(owned.case, jobs_per_month=hours / owned.case.hours_per_job)
        found.append(
            UseMonth(
                utilisation=percent / 100,
                hours_per_month=hours,
                margin_usd=margin_usd(case),
                break_even_months=case_break_even_months(case),
            )
        )
    return tuple(found)


def sentence(owned: Owned, break_even: BreakEven, chance: Odds) -> str:
    """The verdict with its margin in one sentence."""
    case = owned.case
    rented, owning = rent_usd(case), own_usd(case.terms, case.hours_per_month)
    what = owned.label
    wins = owning < rented
    gap = abs(rented - owning)
    share = f" ({gap / rented:.0%})" if rented > 0 else ""
    over = f"over {case.terms.months:g} months"
    if wins:
        verb = "Use" if owned.is_owned_already else "Buy"
        start = (
            f"{verb} {what}: {over} it costs {owning:,.0f} USD, renting {rented:,.0f} USD, {gap:,.0f} USD{share} less"
        )
    else:
        start = f"Rent: {over} it costs {rented:,.0f} USD, {what} {owning:,.0f} USD, {gap:,.0f} USD{share} more"
    return f"{start}. {_when(owned, break_even)}. Owning wins in {chance.probability_buying_wins:.0%} of {chance.draws:,} draws."


def _when(owned: Owned, break_even: BreakEven) -> str:
    if owned.is_owned_already:
        return "Nothing is bought"
    if break_even.months is None:
        return f"Resale aside, the purchase never pays: {break_even.reason}"
    beyond = ", beyond the horizon" if break_even.months > owned.case.terms.months else ""
    jobs = "" if break_even.jobs is None else f" ({break_even.jobs:,.0f} jobs)"
    return f"Resale aside, the purchase pays after {break_even.months:,.1f} months{jobs}{beyond}"


def _rent(owned: Owned, job: str) -> Factor:
    base = owned.case.rent_usd_per_job
    return Factor(
        name="rent",
        unit=f"USD/{job}",
        base=base,
        low=base * owned.rental.factor_low,
        high=base * owned.rental.factor_high,
        floor=0.0,
        ceiling=base * FARTHEST,
        margin_usd=_at_rent(owned.case),
    )


def _at_rent(case: Case) -> Callable[[float], float]:
    return lambda usd: margin_usd(replace(case, rent_usd_per_job=usd))


def _use(owned: Owned, job: str) -> Factor:
    case = owned.case
    most = HOURS_PER_MONTH / case.hours_per_job if case.hours_per_job else case.jobs_per_month
    return Factor(
        name="use",
        unit=f"{job}s/month",
        base=case.jobs_per_month,
        low=case.jobs_per_month * USE_LOW,
        high=max(case.jobs_per_month, min(case.jobs_per_month * USE_HIGH, most)),
        floor=0.0,
        ceiling=max(case.jobs_per_month, most),
        margin_usd=lambda jobs: margin_usd(replace(case, jobs_per_month=jobs)),
    )


def _price(owned: Owned) -> Factor:
    cards, host = owned.machine.cards, owned.machine.host
    is_system = cards.usd == 0 and owned.machine.form not in (Form.CARD, Form.BOARD)
    money = host if is_system else cards
    field = "host_usd" if is_system else "card_usd"
    low, high = (
        (money.usd_low, money.usd_high) if money.usd_low < money.usd_high else (money.usd * 0.75, money.usd * 1.25)
    )
    return Factor(
        name="system price" if is_system else "card price",
        unit="USD",
        base=money.usd,
        low=low,
        high=high,
        floor=0.0,
        ceiling=max(money.usd, owned.case.terms.upfront_usd, rent_usd(owned.case)) * FARTHEST,
        margin_usd=_at_term(owned.case, field),
    )


def _electricity(owned: Owned) -> Factor:
    terms = owned.case.terms
    field, unit = (
        ("usd_per_kwh", "USD/kWh") if terms.running_usd_per_hour is None else ("running_usd_per_hour", "USD/h")
    )
    base = getattr(terms, field)
    return Factor(
        name="electricity" if terms.running_usd_per_hour is None else "running",
        unit=unit,
        base=base,
        low=base * KWH_PRICE_LOW,
        high=base * KWH_PRICE_HIGH,
        floor=0.0,
        ceiling=max(base, 0.01) * FARTHEST,
        margin_usd=_at_term(owned.case, field),
    )


def _resale(owned: Owned) -> Factor:
    terms = owned.case.terms
    base = terms.resale_fraction
    if base is None:
        base = resale_fraction(terms.resale_curve, terms.months)
    curves = [resale_fraction(curve, terms.months) for curve in ResaleCurve]
    return Factor(
        name="resale",
        unit="of price",
        base=base,
        low=0.0,
        high=max(base, *curves),
        floor=0.0,
        ceiling=1.0,
        margin_usd=_at_term(owned.case, "resale_fraction"),
    )


def _life(owned: Owned) -> Factor:
    months = owned.case.terms.months
    return Factor(
        name="life",
        unit="months",
        base=months,
        low=months * LIFE_LOW,
        high=min(months * LIFE_HIGH, MAX_MONTHS),
        floor=1.0 if months > 1 else months,
        ceiling=MAX_MONTHS,
        margin_usd=_at_term(owned.case, "months"),
    )


def _at_term(case: Case, field: str) -> Callable[[float], float]:
    def margin(value: float) -> float:
        changed: dict[str, Any] = {field: value}
        return margin_usd(replace(case, terms=replace(case.terms, **changed)))

    return margin


def _speed_spread(throughput: Throughput | None) -> Spread:
    """The range of a throughput, divided by its middle."""
    if throughput is None:
        return Spread(low=1.0, likely=1.0, high=1.0)
    middle = throughput.samples_per_second
    return Spread(low=throughput.low / middle, likely=1.0, high=throughput.high / middle)


def _resale_range(owned: Owned) -> tuple[float] | tuple[float, float]:
    """The resale fraction to draw from: the given one, else the range between the two published curves."""
    terms = owned.case.terms
    if terms.resale_fraction is not None:
        return (terms.resale_fraction,)
    ends = [resale_fraction(curve, terms.months) for curve in ResaleCurve]
    return min(ends), max(ends)
