"""The two sides of a comparison: a machine that is owned, and what is rented in its place or beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from planner.cost.ownership import kwh_per_month
from planner.cost.rent_or_buy import Case, margin_usd, rent_usd
from planner.hardware.electricity import Grid, Place
from planner.hardware.machines import Machine
from planner.model.costs import CostItem, total_usd
from planner.model.frozen import dataclass
from planner.model.records import Estimate, Offer, Throughput
from planner.units import kwh

if TYPE_CHECKING:
    from planner.language.services import Service

GRAMS_PER_KILOGRAM = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A machine that does the work of a comparison, and the rental it would replace.

    `job_seconds` is how long one job takes, `case` the money month by month. `is_owned_already` says that nothing is
    bought. `grid` is `None` where not known.
    """

    machine: Machine
    label: str
    is_owned_already: bool
    throughput: Throughput | None
    cell: tuple[str, float]
    jobs_side_by_side: int
    job_seconds: float
    case: Case
    rental: Rental
    rentals: tuple[Rental, ...]  # one for each way to pay, `rental` among them
    rest: Rental | None  # of what exceeds the machine; `None`: it does all of the work
    base_sizes: tuple[BaseSize, ...]  # those that were weighed where the rest is rented
    items: tuple[CostItem, ...]
    grid: Grid | None
    place: Place
    is_kwh_price_given: bool
    has_given_watts: bool
    term_ranges: Mapping[str, tuple[float, float]]  # of terms filled in from a shipped table: their low and high end
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def rent_usd(self) -> float:
        """Cost of the rental it would replace, over the same horizon."""
        return rent_usd(self.case)

    @property
    def rent_usd_per_job(self) -> float | None:
        """Cost of the rental per job, a commitment's month shared by its jobs; `None` if there are none."""
        jobs = self.case.jobs_per_month
        return self.case.rent_usd_per_month / jobs if jobs else None

    @property
    def usd(self) -> float:
        """Cost over the horizon, worth today: the sum of the items."""
        return total_usd(self.items)

    @property
    def margin_usd(self) -> float:
        """USD by which it is cheaper than renting over the horizon; negative if it is dearer."""
        return margin_usd(self.case)

    @property
    def usd_per_month(self) -> float:
        """Cost of each month after the purchase: running it, and the rent of what exceeds it."""
        return self.case.owning_usd_per_month

    @property
    def usd_per_job(self) -> float | None:
        """Cost over the horizon per job; `None` if there are none."""
        jobs = self.case.jobs_per_month * self.case.terms.months
        return self.usd / jobs if jobs else None

    @property
    def kwh(self) -> float | None:
        """Energy over the horizon, idle hours, the building and the rented rest included; `None` where not known."""
        owned, rest = self._kwh
        return None if rest is None else owned + rest

    @property
    def kg_co2(self) -> float | None:
        """Emissions of that energy; `None` where a grid is not known."""
        owned, rest = self._kwh
        rest_grid = self.rest.grid if self.rest else self.grid
        if rest is None or self.grid is None or rest_grid is None:
            return None
        return (owned * self.grid.gco2_per_kwh + rest * rest_grid.gco2_per_kwh) / GRAMS_PER_KILOGRAM

    @property
    def _kwh(self) -> tuple[float, float | None]:
        """Energy of the machine over the horizon, and of the rented rest; `None` where that is not known."""
        case = self.case
        owned = math.fsum(kwh_per_month(case.terms, case.hours_per_month)) * case.terms.months
        if self.rest is None:
            return owned, 0.0
        per_job = self.rest.kwh_per_job
        return owned, None if per_job is None else per_job * case.rest_jobs_per_month * case.terms.months


@dataclass(frozen=True, slots=True, kw_only=True)
class Rental:
    """The rental of one run and its cost; without a workload, a run is one machine hour.

    `estimate` is the offer behind it, `None` with a price of one's own; `offer` also holds where only hours are known.
    `watts` are of the whole rented machine with the building around it; they and `grid` are `None` where not known.
    """

    way: str
    market: str
    mark: str | None = None  # why nothing better was there: `old_price`, `wide_range`
    label: str
    usd_per_job: float  # 0 with a commitment, which is paid by the month
    usd_per_month: float
    usd_per_hour: float | None = None  # `None` of training sold by the token, like the time it takes
    seconds: float | None = None
    seconds_low: float | None = None
    seconds_high: float | None = None
    items: tuple[CostItem, ...]
    usd_committed_per_month: float = 0.0  # paid used or not; then a job costs nothing more
    factor_low: float  # how far the price may move over the horizon
    factor_high: float
    throughput: Throughput | None = None
    cell: tuple[str, float] | None = None  # GPU and count, where they are known
    estimate: Estimate | None = None
    offer: Offer | None = None
    service: Service | None = None
    watts: float | None = None
    grid: Grid | None = None
    is_given: bool = False
    assumptions: tuple[str, ...]
    notes: tuple[str, ...] = ()
    usd_per_hour_elsewhere: float | None = None  # what the next region asks where that is far more

    @property
    def kwh_per_job(self) -> float | None:
        """Energy of one job in kWh."""
        return None if self.watts is None or self.seconds is None else kwh(self.watts, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSize:
    """The cards of a base and the cost of the work over the horizon with it; from 0, where all is rented."""

    card_count: int
    usd: float
