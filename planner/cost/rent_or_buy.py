"""Compares the same work rented and done on an owned machine, month by month."""

from __future__ import annotations

import math

from planner.cost.discount import months_worth, worth_today
from planner.cost.ownership import OwnershipTerms, own_usd, resale_usd, running_usd_per_month
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Work per month, its cost if rented, and the machine that would do it instead.

    A job is a training run; where only hours are known it is one machine hour. `hours_per_job` are hours of the owned
    machine, all its cards together.
    """

    jobs_per_month: float
    rent_usd_per_job: float
    hours_per_job: float
    terms: OwnershipTerms

    def __post_init__(self) -> None:
        """Refuse negative work and rent."""
        for field in ("jobs_per_month", "rent_usd_per_job", "hours_per_job"):
            if not 0 <= getattr(self, field) < math.inf:
                raise ValueError(f"{field} must be at least 0, not {getattr(self, field)!r}")

    @property
    def hours_per_month(self) -> float:
        """Hours the owned machine works in a month."""
        return self.jobs_per_month * self.hours_per_job

    @property
    def rent_usd_per_month(self) -> float:
        """Cost of renting for a month of the work."""
        return self.jobs_per_month * self.rent_usd_per_job


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Money spent from the first day to the end of a month, worth today.

    `own_if_sold_usd` is what owning has cost if the machine is sold at the end of that month.
    """

    month: int
    rent_usd: float
    own_usd: float
    own_if_sold_usd: float


def rent_usd(case: Case) -> float:
    """Cost of renting over the horizon, worth today: rent of a month x months (discounted)."""
    return case.rent_usd_per_month * months_worth(case.terms.months, case.terms.discount_per_year)


def margin_usd(case: Case) -> float:
    """Cost of renting less cost of owning over the horizon, resale included; negative if renting is cheaper."""
    return rent_usd(case) - own_usd(case.terms, case.hours_per_month)


def cost_curve(case: Case) -> tuple[Month, ...]:
    """Cumulative cost of both sides at the end of every month, from 0 to the horizon."""
    terms = case.terms
    running = running_usd_per_month(terms, case.hours_per_month)
    months = []
    for month in range(math.ceil(terms.months) + 1):
        worth = months_worth(month, terms.discount_per_year)
        own = terms.upfront_usd + running * worth
        months.append(
            Month(
                month=month,
                rent_usd=case.rent_usd_per_month * worth,
                own_usd=own,
                own_if_sold_usd=own - worth_today(resale_usd(terms, month), month, terms.discount_per_year),
            )
        )
    return tuple(months)
