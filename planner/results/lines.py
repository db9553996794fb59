"""What every way to pay costs over the months and over the use of the machine: the lines of charts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from planner.cost.discount import months_worth
from planner.cost.rent_or_buy import Month, cost_curve, margin_usd, rent_usd
from planner.results.alternatives import Alternative
from planner.results.sides import Owned
from planner.units import HOURS_PER_MONTH, Row, hours

TINY = 1e-9  # of a machine: a month filled to the last hour needs no other


def way_lines(
    alternatives: Sequence[Alternative],
    machines: Sequence[Owned],
    *,
    curve: Sequence[Month],
    hours_of_use: Sequence[float],
) -> list[Row]:
    """A record for each way to pay, in the order of the alternatives: USD by month of the curve, and a month by use.

    `usd_by_month` is what is spent by then, worth today; of a machine that is bought the purchase too, and what it would
    fetch is not taken off. `usd_by_use` is the mean of a month over the horizon, resale included, at each use of the curve over
    use; a commitment is paid for as many machines as the use takes. `turns_after_months` is when the best machine has cost
    less than a rental since the purchase, or a machine less than the rental of the verdict; `None`: not within the horizon.

    Args:
        alternatives: every way to pay.
        machines: those owned among them, the best first.
        curve: of the best one.
        hours_of_use: its hours a month at each use.
    """
    best, by_label = machines[0], {machine.label: machine for machine in machines}
    months, against = [month.month for month in curve], [month.rent_usd for month in curve]
    found: list[Row] = []
    for row in alternatives:
        machine = None if row.is_rented else by_label[row.name]
        if machine is None:
            discount = best.case.terms.discount_per_year
            by_month = [row.usd_per_month * months_worth(month, discount) for month in months]
            by_use = [_rented_at(best, row, hours_per_month) for hours_per_month in hours_of_use]
            pair = (_spent(curve), by_month)
        else:
            by_month = _spent(cost_curve(machine.case))
            by_use = [_owned_at(machine, best, hours_per_month) for hours_per_month in hours_of_use]
            pair = (by_month, against)
        found.append(
            {
                "way": row.way,
                "name": row.name,
                "usd_by_month": by_month,
                "usd_by_use": by_use,
                "turns_after_months": _crossing(months, *pair),
            }
        )
    return found


def _spent(curve: Sequence[Month]) -> list[float]:
    return [month.own_usd for month in curve]


def _rented_at(best: Owned, row: Alternative, hours_per_month: float) -> float:
    """USD a month of a rental at another use: what is paid by use grows with it, a commitment with the machines it takes."""
    planned = best.case.work_hours_per_month
    if not planned:
        return row.usd_per_month
    factor = hours_per_month / planned
    if row.is_committed and row.seconds is not None:
        busiest = best.case.busiest_jobs * hours(row.seconds) / HOURS_PER_MONTH
        factor = whole_machines(busiest * factor) / whole_machines(busiest)
    return row.usd_per_month * factor


def whole_machines(machines: float) -> int:
    """The machines that are paid where so many work all hours of a month, one at least."""
    return max(1, math.ceil(machines - TINY))


def _owned_at(machine: Owned, best: Owned, hours_per_month: float) -> float:
    """USD a month of a machine that does the work which takes the best one so many hours."""
    terms = machine.case.terms
    jobs = hours_per_month / best.case.hours_per_job
    case = replace(machine.case, jobs_per_month=jobs)
    return (rent_usd(case) - margin_usd(case)) / months_worth(terms.months, terms.discount_per_year)


def _crossing(months: Sequence[int], owned: Sequence[float], rented: Sequence[float]) -> float | None:
    """The month from which on the first line lies below the second; between two months both are straight."""
    gap: Callable[[int], float] = lambda at: owned[at] - rented[at]  # noqa: E731 - a name for a difference
    for at in range(1, len(months)):
        if gap(at) <= 0 < gap(at - 1):
            return months[at - 1] + gap(at - 1) / (gap(at - 1) - gap(at)) * (months[at] - months[at - 1])
    return None
