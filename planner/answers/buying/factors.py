"""What a comparison does not know for certain: each assumption with its range, for the odds and the sensitivity alike."""

from __future__ import annotations

from planner.cost.resale import ResaleCurve, resale_fraction
from planner.cost.sensitivity import Factor
from planner.hardware.cards import Form
from planner.hardware.machines import LOAD_FRACTION, LOAD_FRACTION_HIGH, LOAD_FRACTION_LOW, Money
from planner.model.records import Throughput
from planner.options.owning import MAX_MONTHS
from planner.results.sides import Owned, Rental
from planner.units import HOURS_PER_MONTH

KWH_PRICE_LOW, KWH_PRICE_HIGH = 0.5, 2.0
"""Price of electricity from half to double: of the 208 household prices of the shipped table one in six is below half of the
middle one, one in eight above double."""

GIVEN_KWH_PRICE_LOW, GIVEN_KWH_PRICE_HIGH = 0.8, 1.25
"""The same where a person states it: it may move over the horizon. An assumption."""

USE_LOW, USE_HIGH = 0.5, 2.0
"""Use per month from half to double what was planned: an assumption; own machines are used less than their buyers expect."""

LIFE_LOW, LIFE_HIGH = 0.5, 1.5  # of the horizon: an assumption
FARTHEST = 100.0  # times its value: where the search for a price that flips the verdict ends


def factors_of(owned: Owned, *, job: str) -> tuple[Factor, ...]:
    """Every uncertain assumption of a machine beside its rental.

    What is bought already has no price; what is given by hand and paid today (cards, host, watts) has no range.
    """
    found = [
        *_rents(owned, job), _use(owned, job), *_peak(owned), _life(owned), _electricity(owned), _watts(owned), *_speeds(owned)
    ]  # fmt: skip
    if not owned.is_owned_already:
        found += [*_prices(owned), _resale(owned)]
    return tuple(factor for factor in [*found, *_upkeep(owned)] if factor.base > 0 or factor.high > 0)


def _rents(owned: Owned, job: str) -> list[Factor]:
    """The rent of all the work, and of what exceeds the machine: one draw where both are the same rental."""
    if owned.rest is None:
        return [_rent("rent", owned.rental, job, "rent")]
    if owned.rest == owned.rental:
        return [_rent("rent", owned.rental, job, "rent", "rest_rent")]
    return [_rent("rent", owned.rental, job, "rent"), _rent("rent of the rest", owned.rest, job, "rest_rent")]


def _rent(name: str, rental: Rental, job: str, *fields: str) -> Factor:
    is_committed = rental.usd_committed_per_month > 0
    base = rental.usd_committed_per_month if is_committed else rental.usd_per_job
    return Factor(
        name=name,
        unit="USD/month" if is_committed else f"USD/{job}",
        base=base,
        low=base * rental.factor_low,
        high=base * rental.factor_high,
        floor=0.0,
        ceiling=base * FARTHEST,
        fields=fields,
        scale=1 / base if base else 1.0,
    )


def _use(owned: Owned, job: str) -> Factor:
    case = owned.case
    if owned.rest is None:
        most = HOURS_PER_MONTH / case.hours_per_job / case.peak.busiest if case.hours_per_job else case.jobs_per_month
    else:
        most = case.jobs_per_month * FARTHEST
    return Factor(
        name="use",
        unit=f"{job}s/month",
        base=case.jobs_per_month,
        low=case.jobs_per_month * USE_LOW,
        high=max(case.jobs_per_month, min(case.jobs_per_month * USE_HIGH, most)),
        floor=0.0,
        ceiling=max(case.jobs_per_month, most),
        fields=("jobs_per_month",),
    )


def _peak(owned: Owned) -> list[Factor]:
    """The work of a busy month, where months differ; a machine that does all of it does no more than it can."""
    case, peak = owned.case, owned.case.peak
    if not peak.share:
        return []
    most = peak.factor * FARTHEST
    if owned.rest is None and case.work_hours_per_month:
        most = max(peak.factor, HOURS_PER_MONTH * peak.mean / case.work_hours_per_month)
    return [
        Factor(
            name="peak",
            unit="x usual",
            base=peak.factor,
            low=max(1.0, peak.factor * USE_LOW),
            high=min(peak.factor * USE_HIGH, most),
            floor=1.0,
            ceiling=most,
            fields=("peak_factor",),
        )
    ]


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
        fields=("months",),
    )


def _electricity(owned: Owned) -> Factor:
    terms = owned.case.terms
    is_running = terms.running_usd_per_hour is not None
    field = "running_usd_per_hour" if is_running else "usd_per_kwh"
    base = getattr(terms, field)
    low, high = (
        (GIVEN_KWH_PRICE_LOW, GIVEN_KWH_PRICE_HIGH) if owned.is_kwh_price_given else (KWH_PRICE_LOW, KWH_PRICE_HIGH)
    )
    return Factor(
        name="running" if is_running else "electricity",
        unit="USD/h" if is_running else "USD/kWh",
        base=base,
        low=base * low,
        high=base * high,
        floor=0.0,
        ceiling=max(base, 0.01) * FARTHEST,
        fields=(field,),
    )


def _watts(owned: Owned) -> Factor:
    base = owned.case.terms.card_watts
    is_known = owned.has_given_watts or owned.case.terms.running_usd_per_hour is not None
    return Factor(
        name="power of the cards",
        unit="W",
        base=base,
        low=base if is_known else base * LOAD_FRACTION_LOW / LOAD_FRACTION,
        high=base if is_known else base * LOAD_FRACTION_HIGH / LOAD_FRACTION,
        floor=0.0,
        ceiling=base * FARTHEST,
        fields=("card_watts",),
    )


def _speeds(owned: Owned) -> list[Factor]:
    """How fast the work is done, against what is planned: one draw for all machines that have the same GPUs."""
    sides: list[tuple[str, str, tuple[str, float] | None, Throughput | None]] = [
        ("owned", "own_speed", owned.cell, owned.throughput),
        ("rented", "rented_speed", owned.rental.cell, owned.rental.throughput),
    ]
    if owned.rest is not None:
        sides.append(("rest", "rest_speed", owned.rest.cell, owned.rest.throughput))
    drawn: dict[tuple[str, float] | str, tuple[list[str], list[str], Throughput | None]] = {}
    for name, field, cell, throughput in sides:
        names, fields, _ = drawn.setdefault(cell or name, ([], [], throughput))
        names.append(name)
        fields.append(field)
    found = []
    for names, fields, throughput in drawn.values():
        which = (
            names[0]
            if len(names) == 1
            else "both"
            if len(sides) == 2
            else "all"
            if len(names) == 3
            else " and ".join(names)
        )
        found += _speed(f"speed, {which}", throughput, *fields)
    return found


def _speed(name: str, throughput: Throughput | None, *fields: str) -> list[Factor]:
    if throughput is None:
        return []
    middle = throughput.samples_per_second
    return [
        Factor(
            name=name,
            unit="x planned",
            base=1.0,
            low=throughput.low / middle,
            high=throughput.high / middle,
            floor=1 / FARTHEST,
            ceiling=FARTHEST,
            fields=fields,
        )
    ]


def _prices(owned: Owned) -> list[Factor]:
    cards, host = owned.machine.cards, owned.machine.host
    is_system = cards.usd == 0 and owned.machine.form not in (Form.CARD, Form.BOARD)
    ceiling = max(owned.case.terms.upfront_usd, owned.rent_usd) * FARTHEST
    if is_system:
        return [_price("system price", "host_usd", host, ceiling)]
    return [_price("card price", "card_usd", cards, ceiling), _price("host price", "host_usd", host, ceiling)]


def _price(name: str, field: str, money: Money, ceiling: float) -> Factor:
    return Factor(
        name=name,
        unit="USD",
        base=money.usd,
        low=money.usd_low,
        high=money.usd_high,
        floor=0.0,
        ceiling=max(money.usd, ceiling),
        fields=(field,),
    )


def _resale(owned: Owned) -> Factor:
    terms = owned.case.terms
    base = terms.resale_fraction
    if base is None:
        base = resale_fraction(terms.resale_curve, terms.months)
    return Factor(
        name="resale",
        unit="of price",
        base=base,
        low=0.0,
        high=max(base, *(resale_fraction(curve, terms.months) for curve in ResaleCurve)),
        floor=0.0,
        ceiling=1.0,
        fields=("resale_fraction",),
    )


def _upkeep(owned: Owned) -> list[Factor]:
    """What running a large machine costs besides power, where it was not given by hand."""
    names = {
        "hosting_usd_per_month": ("hosting", "USD/month"),
        "staff_usd_per_month": ("staff", "USD/month"),
        "maintenance_fraction_per_year": ("maintenance", "of price"),
        "networking_usd": ("networking", "USD"),
        "discount_per_year": ("cost of money", "of price"),
    }
    return [
        Factor(
            name=names[field][0],
            unit=names[field][1],
            base=getattr(owned.case.terms, field),
            low=low,
            high=high,
            floor=0.0,
            ceiling=1.0 if names[field][1] == "of price" else high * FARTHEST,
            fields=(field,),
        )
        for field, (low, high) in owned.term_ranges.items()
    ]
