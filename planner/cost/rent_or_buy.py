"""Compares the same work rented and done on an owned machine, month by month."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from planner.cost.discount import months_worth, worth_today
from planner.cost.ownership import (
    OwnershipTerms,
    own_usd_at,
    ownership_items,
    resale_usd,
    running_usd_per_month,
    terms_fields,
)
from planner.model.costs import CostItem, ItemKind
from planner.model.frozen import dataclass
from planner.model.peaks import STEADY, Peak, hours_within, mean_month

ROUNDING = 1e-12  # of the work: a month that is filled to the last hour leaves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Work per month, its cost if rented, and the machine that would do it instead.

    A job is a training run; where only hours are known it is one machine hour. `jobs_per_month` are those of the average
    month, `peak` says how the months differ. `hours_per_job` are hours of the owned machine, all its cards together. A
    commitment is paid each month, used or not: `rent_usd_committed`. Where the owned machine gives `most_hours_per_month`
    to the work, what exceeds them in a month is rented, at `rest_usd_per_job`; `None`: it does all of it.
    """

    jobs_per_month: float
    rent_usd_per_job: float
    hours_per_job: float
    terms: OwnershipTerms
    rent_usd_committed: float = 0.0  # per month
    most_hours_per_month: float | None = None
    rest_usd_per_job: float = 0.0
    peak: Peak = STEADY

    def __post_init__(self) -> None:
        """Refuse negative work and rent."""
        for field in ("jobs_per_month", "rent_usd_per_job", "hours_per_job", "rent_usd_committed", "rest_usd_per_job"):
            if not 0 <= getattr(self, field) < math.inf:
                raise ValueError(f"{field} must be at least 0, not {getattr(self, field)!r}")

    @property
    def work_hours_per_month(self) -> float:
        """Hours that the work of the average month takes on the owned machine, those that it does not do included."""
        return self.jobs_per_month * self.hours_per_job

    @property
    def busiest_jobs(self) -> float:
        """Jobs of the busiest month."""
        return self.jobs_per_month * self.peak.busiest

    @property
    def hours_per_month(self) -> float:
        """Hours the owned machine works in the average month."""
        work, most = self.work_hours_per_month, self.most_hours_per_month
        return work if most is None else hours_within(work / self.peak.mean, most, self.peak.factor, self.peak.share)

    @property
    def rest_jobs_per_month(self) -> float:
        """Jobs of the average month that exceed the owned machine and are rented."""
        work = self.work_hours_per_month
        rest = work - self.hours_per_month
        return rest / self.hours_per_job if rest > ROUNDING * work else 0.0

    @property
    def rent_usd_per_month(self) -> float:
        """Cost of renting for a month of the work."""
        return self.jobs_per_month * self.rent_usd_per_job + self.rent_usd_committed

    @property
    def owning_usd_per_month(self) -> float:
        """Cost of each month after the purchase: running the machine, and renting what exceeds it."""
        return (
            running_usd_per_month(self.terms, self.hours_per_month) + self.rest_jobs_per_month * self.rest_usd_per_job
        )


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

    `jobs_per_month` of the average month; `peak_factor`, at the same work of a usual month; `rent` and `rest_rent`,
    factors on the rent of all the work and of what exceeds the owned machine; `own_speed`, `rented_speed` and
    `rest_speed`, factors on how fast the work is done there (a commitment is paid as before however fast it is).

    >>> from planner.cost.resale import ResaleCurve
    >>> terms = OwnershipTerms(card_usd=900, host_usd=100, card_watts=0, host_watts=0, idle_watts=0, pue=1, usd_per_kwh=0,
    ...     running_usd_per_hour=0.1, hosting_usd_per_month=0, maintenance_fraction_per_year=0, staff_usd_per_month=0,
    ...     resale_fraction=0.0, resale_curve=ResaleCurve.BROKER, discount_per_year=0, months=10)
    >>> margin = margin_at(Case(jobs_per_month=100, rent_usd_per_job=2, hours_per_job=1, terms=terms))
    >>> round(margin({})), round(margin({"rent": 0.5})), round(margin({"card_usd": 400.0, "own_speed": 2.0}))
    (900, -100, 1450)
    """
    base, peak, most = terms_fields(case.terms), case.peak, case.most_hours_per_month
    base |= {"jobs_per_month": case.jobs_per_month, "peak_factor": peak.factor} | dict.fromkeys(_FACTORS, 1.0)
    mean, share = peak.mean, peak.share

    def margin(changes: Mapping[str, float]) -> float:
        values = {**base, **changes}
        usual, factor = values["jobs_per_month"] / mean, values["peak_factor"]
        jobs = usual * mean_month(factor, share)
        hours = jobs * case.hours_per_job / values["own_speed"]
        rest = 0.0
        if most is not None and hours > 0:
            within = hours_within(usual * case.hours_per_job / values["own_speed"], most, factor, share)
            rest = (1 - within / hours) * jobs * case.rest_usd_per_job * values["rest_rent"] / values["rest_speed"]
            hours = within
        rented = (jobs * case.rent_usd_per_job / values["rented_speed"] + case.rent_usd_committed) * values["rent"]
        worth = months_worth(values["months"], values["discount_per_year"])
        return float((rented - rest) * worth - own_usd_at(values, hours))

    return margin


_FACTORS = ("rent", "rest_rent", "own_speed", "rented_speed", "rest_speed")


def owning_items(case: Case) -> tuple[CostItem, ...]:
    """The items of doing the work of the case with the machine: those of owning, and the rent of what exceeds it.

    They sum to the cost over the horizon, worth today. With a discount the later payments hold those of the rent.
    """
    months = case.terms.months
    rest = CostItem(
        name="rented rest",
        kind=ItemKind.TIME,
        quantity=case.rest_jobs_per_month * months,
        unit="job",
        usd_per_unit=case.rest_usd_per_job,
    )
    owned = ownership_items(case.terms, case.hours_per_month, other_usd_per_month=rest.usd / months)
    if rest.usd == 0:
        return owned
    at = next((at for at, item in enumerate(owned) if item.kind in (ItemKind.RESALE, ItemKind.DISCOUNT)), len(owned))
    return (*owned[:at], rest, *owned[at:])


def cost_curve(case: Case) -> tuple[Month, ...]:
    """Cumulative cost of both sides at the end of every month, from 0 to the horizon."""
    terms = case.terms
    running = case.owning_usd_per_month
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
