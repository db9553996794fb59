"""Checks and reads what a person states about owning and using a machine."""

from __future__ import annotations

from planner.errors import UnknownNameError, UsageError
from planner.model.frozen import dataclass
from planner.model.peaks import STEADY, Peak
from planner.options.owner_arguments import OwnerArguments
from planner.options.vocabulary import CONDITIONS, RESALE_CURVES
from planner.units import MONTHS_PER_YEAR

MAX_MONTHS = 240
PEAK_MONTHS = 1.0  # a year, where only their work is given: the busiest month


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much the machine is used: as runs a month, GPU hours a month or a part of the month; one of them is set.

    They are those of a usual month; `peak` says how much more busy ones have. `utilisation` beside jobs is the part of the
    month that the machine may be busy at most.
    """

    jobs_per_month: float | None = None
    gpu_hours_per_month: float | None = None
    utilisation: float | None = None
    peak: Peak = STEADY

    @property
    def busy_at_most(self) -> float:
        """The largest part of the month that a machine may be busy."""
        return self.utilisation if self.jobs_per_month is not None and self.utilisation is not None else 1.0


def check_names(asked: OwnerArguments) -> None:
    """Refuse names of conditions and resale curves that there are none of.

    Raises:
        UnknownNameError: no condition or resale curve goes by that name.
    """
    for kind, name, known in (
        ("condition", asked["condition"], CONDITIONS),
        ("resale curve", asked["resale_curve"], RESALE_CURVES),
    ):
        if name not in known:
            raise UnknownNameError(kind, name, known, "planner compare --help")


def use_of(asked: OwnerArguments) -> Use:
    """The use of the machine that the arguments state.

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
    return Use(jobs_per_month=jobs, gpu_hours_per_month=gpu_hours, utilisation=utilisation, peak=_peak(asked))


def _peak(asked: OwnerArguments) -> Peak:
    factor, months = asked["peak_factor"], asked["peak_months_per_year"]
    if factor is None:
        if months is not None:
            raise UsageError(
                "{peak_months_per_year} says how many months are busy: how busy says {peak_factor}.",
                argument="peak_months_per_year",
            )
        return STEADY
    return Peak(factor=factor, share=(PEAK_MONTHS if months is None else months) / MONTHS_PER_YEAR)
