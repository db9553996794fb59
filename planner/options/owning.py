"""What a person may state about owning and using a machine, and what cannot be meant."""

from __future__ import annotations

from dataclasses import dataclass

from planner.errors import UsageError

MONTHS = 36
"""Horizon: the three years that card makers' warranties and the broker schedule of resale values cover."""

MAX_MONTHS = 240
MAX_AMOUNT = 1e12  # more dollars, watts or jobs than there are


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


def check_options(options: OwnerOptions, use: Use, rent_usd_per_hour: float | None) -> None:
    """Refuse what cannot be meant, naming the option and what would do.

    Raises:
        UsageError: negative money or watts, a percentage in place of a fraction, a horizon of nothing, no use given or
            two that contradict each other.
    """
    for name in (
        "card_usd", "host_usd", "card_watts", "host_watts", "idle_watts", "usd_per_kwh", "running_usd_per_hour",
        "hosting_usd_per_month", "maintenance_fraction_per_year", "staff_usd_per_month", "resale_fraction", "discount_per_year",
    ):  # fmt: skip
        _check_amount(name, getattr(options, name))
    for name in ("jobs_per_month", "gpu_hours_per_month", "utilisation"):
        _check_amount(name, getattr(use, name))
    _check_amount("rent_usd_per_hour", rent_usd_per_hour)
    for name in ("maintenance_fraction_per_year", "resale_fraction", "discount_per_year"):
        _check_fraction(name, getattr(options, name))
    _check_fraction("utilisation", use.utilisation)
    if options.usd_per_kwh is not None and options.usd_per_kwh > 5:
        raise UsageError(
            f"--usd-per-kwh {options.usd_per_kwh:g} is dollars per kWh. For {options.usd_per_kwh:g} cents write "
            f"{options.usd_per_kwh / 100:g}."
        )
    if options.pue is not None and not 1 <= options.pue <= 5:
        raise UsageError(f"--pue is energy of the building per energy of the machine, 1 to 5, not {options.pue:g}.")
    if not 1 <= options.months <= MAX_MONTHS:
        raise UsageError(f"--months must be 1 to {MAX_MONTHS}, not {options.months:g}.")
    _check_use(use)


def _check_amount(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= MAX_AMOUNT:
        raise UsageError(f"{_option(name)} must be 0 or more and at most {MAX_AMOUNT:g}, not {value:g}.")


def _check_fraction(name: str, value: float | None) -> None:
    if value is not None and value > 1:
        raise UsageError(
            f"{_option(name)} is a fraction from 0 to 1: {value:g} would be {value:.0%}. For {value:g} percent write {value / 100:g}."
        )


def _check_use(use: Use) -> None:
    if use.jobs_per_month is None and use.gpu_hours_per_month is None and use.utilisation is None:
        raise UsageError("How much will it be used? Give --jobs-per-month, --gpu-hours-per-month or --utilisation.")
    if use.gpu_hours_per_month is not None and (use.jobs_per_month is not None or use.utilisation is not None):
        raise UsageError("Give one of --jobs-per-month, --gpu-hours-per-month and --utilisation.")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
