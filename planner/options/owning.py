"""What a person may state about owning and using a machine, and what cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.options.owner_arguments import MONTHS, OwnerArguments

MAX_MONTHS = 240
CONDITIONS = ("new", "used", "refurbished")
RESALE_CURVES = ("broker", "trend")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerOptions:
    """What a person may state about owning; `None` takes the default that `docs/ownership.md` explains.

    Money and watts are for the whole machine bought. Fractions are 0 to 1.
    """

    condition: str = "new"
    card_usd: float | None = None
    host_usd: float | None = None
    card_watts: float | None = None
    host_watts: float | None = None
    idle_watts: float | None = None
    pue: float | None = None
    usd_per_kwh: float | None = None
    country: str | None = None
    running_usd_per_hour: float | None = None
    hosting_usd_per_month: float = 0.0
    maintenance_fraction_per_year: float = 0.0
    staff_usd_per_month: float = 0.0
    resale_fraction: float | None = None
    resale_curve: str = "broker"
    discount_per_year: float = 0.0
    months: float = MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much the machine is wanted for: one of jobs, GPU hours or a part of the month is set.

    `utilisation` beside jobs is the part of the month that the machine may be busy at most.
    """

    jobs_per_month: float | None = None
    gpu_hours_per_month: float | None = None
    utilisation: float | None = None

    @property
    def busy_at_most(self) -> float:
        """Part of the month that a machine may be busy."""
        return self.utilisation if self.jobs_per_month is not None and self.utilisation is not None else 1.0


def owner_options(asked: OwnerArguments) -> OwnerOptions:
    """What is stated about owning.

    Raises:
        UnknownNameError: no condition or resale curve goes by that name.
    """
    given: Mapping[str, Any] = asked
    for kind, name, known in (
        ("condition", asked["condition"], CONDITIONS),
        ("resale curve", asked["resale_curve"], RESALE_CURVES),
    ):
        if name not in known:
            raise UnknownNameError(kind, name, known, "planner compare --help")
    return OwnerOptions(**{name: given[name] for name in OwnerOptions.__dataclass_fields__})


def use_of(asked: OwnerArguments) -> Use:
    """How much the machine is wanted for.

    Raises:
        UsageError: nothing says so, or two arguments contradict each other.
    """
    jobs, gpu_hours, utilisation = asked["jobs_per_month"], asked["gpu_hours_per_month"], asked["utilisation"]
    if jobs is None and gpu_hours is None and utilisation is None:
        raise UsageError(
            "How much will it be used? Give {jobs_per_month}, {gpu_hours_per_month} or {utilisation}.",
            argument="jobs_per_month",
        )
    if gpu_hours is not None and (jobs is not None or utilisation is not None):
        raise UsageError(
            "Give one of {jobs_per_month}, {gpu_hours_per_month} and {utilisation}.", argument="jobs_per_month"
        )
    return Use(jobs_per_month=jobs, gpu_hours_per_month=gpu_hours, utilisation=utilisation)
