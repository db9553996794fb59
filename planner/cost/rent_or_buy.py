"""Compares the same work rented and done on an owned machine, month by month."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from planner.cost.discount import months_worth, worth_today
from planner.cost.ownership import (
    OwnershipTerms,
    own_usd_at,
    resale_usd,
    running_usd_per_month,
    terms_fields,
)
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Work per month, its cost if rented, and the machine that would do it instead.

    A job is a training run; where only hours are known it is one machine hour. `hours_per_job` are hours of the owned
    machine, all its cards together. A commitment is paid each month, used or not: `rent_usd_committed`.
    """

    jobs_per_month: float
    rent_usd_per_job: float
    hours_per_job: float
    terms: OwnershipTerms
    rent_usd_committed: float = 0.0  # per month

    def __post_init__(self) -> None:
        """Refuse negative work and rent."""
        for field in ("jobs_per_month", "rent_usd_per_job", "hours_per_job", "rent_usd_committed"):
            if not 0 <= getattr(self, field) < math.inf:
                raise ValueError(f"{field} must be at least 0, not {getattr(self, field)!r}")

    @property
    def hours_per_month(self) -> float:
        """Hours the owned machine works in a month."""
        return self.jobs_per_month * self.hours_per_job

    @property
    def rent_usd_per_month(self) -> float:
        """Cost of renting for a month of the work."""
        return self.jobs_per_month * self.rent_usd_per_job + self.rent_usd_committed


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
    return margin_at(case)({})


def margin_at(case: Case) -> Callable[[Mapping[str, float]], float]:
    """The margin of the case with other values: fields of the terms by name, and those that are not on the terms.

    `jobs_per_month`; `rent`, a factor on the rent; `own_speed` and `rented_speed`, factors on how fast the work is done
    on either side (a commitment is paid as before however fast it is).

    >>> from planner.cost.resale import ResaleCurve
    >>> terms = OwnershipTerms(card_usd=900, host_usd=100, card_watts=0, host_watts=0, idle_watts=0, pue=1, usd_per_kwh=0,
    ...     running_usd_per_hour=0.1, hosting_usd_per_month=0, maintenance_fraction_per_year=0, staff_usd_per_month=0,
    ...     resale_fraction=0.0, resale_curve=ResaleCurve.BROKER, discount_per_year=0, months=10)
    >>> margin = margin_at(Case(jobs_per_month=100, rent_usd_per_job=2, hours_per_job=1, terms=terms))
    >>> round(margin({})), round(margin({"rent": 0.5})), round(margin({"card_usd": 400.0, "own_speed": 2.0}))
    (900, -100, 1450)
    """
    base = terms_fields(case.terms)

    def margin(changes: Mapping[str, float]) -> float:
        values: dict[str, Any] = {**base, **changes}
        jobs = values.pop("jobs_per_month", case.jobs_per_month)
        rent, own_speed, rented_speed = (values.pop(name, 1.0) for name in ("rent", "own_speed", "rented_speed"))
        rented: float = (jobs * case.rent_usd_per_job / rented_speed + case.rent_usd_committed) * rent
        worth = months_worth(values["months"], values["discount_per_year"])
        owned = own_usd_at(**values, hours_per_month=jobs * case.hours_per_job / own_speed)
        return float(rented * worth - owned)

    return margin


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
