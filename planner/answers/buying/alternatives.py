"""Every way to pay for the same work beside the others: rented each way, bought new and used, owned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

from planner.answers.buying.base import same_machine
from planner.answers.buying.owning import Wanted
from planner.answers.buying.ways_to_pay import GIVEN
from planner.answers.question import weakest_basis
from planner.cost.discount import months_worth
from planner.cost.rent_or_buy import margin_at
from planner.cost.sensitivity import flip_value
from planner.errors import PlannerError, Sentence
from planner.hardware.cards import Condition
from planner.model.frozen import changed
from planner.model.records import Workload
from planner.options.bill_arguments import BillArguments
from planner.options.owner_arguments import CompareArguments
from planner.options.owning import Use
from planner.results.alternatives import OWN_AND_RENT, Alternative
from planner.results.sides import Owned, Rental
from planner.units import HOURS_PER_MONTH, hours

MOST_WAYS = 3  # that the verdict names; the table has them all
LEAST_USE = 0.02
"""Part of the most that a machine can do: where buying pays there already, it pays at any use."""


def alternatives_of(best: Owned, machines: Sequence[Owned]) -> tuple[Alternative, ...]:
    """A line for each way to pay for the work of the best machine, cheapest first; equal ones by name."""
    rows = [_rented(best, rental) for rental in best.rentals] + [_owned(machine) for machine in machines]
    return tuple(sorted(rows, key=lambda row: (row.usd_total, row.way, row.name)))


def turned_by(best: Owned, alternatives: Sequence[Alternative]) -> tuple[str, ...]:
    """Rented ways against which the verdict would be the other one, cheapest first."""
    wins = best.margin_usd > 0
    ways = [
        row.title
        for row in alternatives
        if row.is_rented and row.name != best.rental.label and (row.usd_total > best.usd) != wins and row.way != GIVEN
    ]
    return tuple(dict.fromkeys(ways))[:MOST_WAYS]


def in_other_conditions(
    best: Owned, asked: CompareArguments, workload: Workload | None, *, use: Use, terms: BillArguments, today: date
) -> tuple[list[Owned], list[str]]:
    """The best machine bought in the other conditions, and a note on new or used where that cannot be priced."""
    if best.is_owned_already or asked["card_usd"] is not None:
        return [], []
    found: list[Owned] = []
    notes: list[str] = []
    for condition in Condition:
        if condition == best.machine.condition:
            continue
        wanted = Wanted(
            gpu=best.machine.gpu.name,
            card_count=best.machine.card_count // best.jobs_side_by_side,
            is_owned_already=False,
            workload=workload,
            jobs_per_month=best.case.jobs_per_month,
            use=use,
            rentals=best.rentals,
            options=cast("CompareArguments", {**asked, "condition": str(condition)}),
            terms=terms,
            weakest=weakest_basis(asked["basis"]),
            today=today,
        )
        try:
            found.append(same_machine(wanted, best))
        except PlannerError as error:
            if condition is not Condition.REFURBISHED:  # hardly any card has a price of that
                notes.append(Sentence("no line for buying {state}: {why}", state=condition, why=error))
    return found, notes


def _rented(best: Owned, rental: Rental) -> Alternative:
    terms, offer, service = best.case.terms, rental.offer, rental.service
    months = months_worth(terms.months, terms.discount_per_year)
    gpu_hours = _gpu_hours(rental, best.case.jobs_per_month)
    return Alternative(
        way=rental.way,
        market=rental.market,
        mark=rental.mark,
        name=rental.label,
        purchase=None if offer is None else str(offer.purchase),
        provider=offer.provider if offer else service.provider if service else None,
        instance_type=None if offer is None else offer.instance_type,
        price_observed_on=offer.observed_on.isoformat() if offer else service.as_of if service else None,
        seconds=rental.seconds,
        usd_per_month=rental.usd_per_month,
        usd_per_job=_each(rental.usd_per_month, best.case.jobs_per_month),
        usd_total=rental.usd_per_month * months,
        usd_per_gpu_hour=None if gpu_hours is None else _each(rental.usd_per_month, gpu_hours),
        break_even_utilisation=_pays_from(best, rental.usd_per_job, rental.usd_committed_per_month),
        is_rented=True,
    )


def _owned(machine: Owned) -> Alternative:
    case = machine.case
    months = months_worth(case.terms.months, case.terms.discount_per_year)
    way = "own" if machine.is_owned_already else f"buy_{machine.machine.condition}"
    gpu_hours: float | None = case.hours_per_month * machine.machine.gpu_count
    if machine.rest is not None:
        way = OWN_AND_RENT
        rest = _gpu_hours(machine.rest, case.rest_jobs_per_month, machine.machine.gpu_count)
        gpu_hours = None if rest is None else case.hours_per_month * machine.machine.gpu_count + rest
    return Alternative(
        way=way,
        market="own",
        mark=None,
        name=machine.label,
        purchase=None,
        provider=None,
        instance_type=None,
        price_observed_on=None,
        seconds=machine.job_seconds,
        usd_per_month=machine.usd / months,
        usd_per_job=_each(machine.usd / months, case.jobs_per_month),
        usd_total=machine.usd,
        usd_per_gpu_hour=None if gpu_hours is None else _each(machine.usd / months, gpu_hours),
        break_even_utilisation=_pays_from(machine, machine.rental.usd_per_job, machine.rental.usd_committed_per_month),
        is_rented=False,
    )


def _gpu_hours(rental: Rental, jobs_per_month: float, gpus: float | None = None) -> float | None:
    """GPU hours a month that a rental works, on so many GPUs where it does not say; `None` where not known."""
    if rental.cell is not None:
        gpus = rental.cell[1]
    return None if gpus is None or rental.seconds is None else jobs_per_month * hours(rental.seconds) * gpus


def _each(usd: float, count: float) -> float | None:
    return usd / count if count else None


def _pays_from(owned: Owned, usd_per_job: float, usd_committed: float) -> float | None:
    """Part of the month from which on the machine is cheaper than paying that; 0 if it always is, `None` if never."""
    if owned.case.hours_per_job == 0:
        return None
    case = changed(owned.case, rent_usd_per_job=usd_per_job, rent_usd_committed=usd_committed)
    margin, month = margin_at(case), HOURS_PER_MONTH / case.hours_per_job
    # alone it does what its busiest month holds; beside a rented rest it is full when its usual month is
    most = month / case.peak.busiest if owned.rest is None else month * case.peak.mean

    def at(jobs: float) -> float:
        return margin({"jobs_per_month": jobs})

    if at(most) <= 0:
        return None
    if at(most * LEAST_USE) > 0:
        return 0.0
    jobs = flip_value(at, most, floor=0.0, ceiling=most)
    return None if jobs is None else jobs / month
