"""The machines of a comparison: those asked for, the work that each does, and those that cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from planner.answers.buying.base import machines_of
from planner.answers.buying.owning import Wanted, job_time
from planner.answers.question import weakest_basis
from planner.errors import (
    DoesNotFitError,
    NothingLeftError,
    NoThroughputError,
    PlannerError,
    Sentence,
    UnknownNameError,
    UsageError,
)
from planner.hardware.machines import gpus_in
from planner.hardware.processors import choose_gpus_only
from planner.model.frozen import dataclass
from planner.model.records import Workload
from planner.options.bill_arguments import BillArguments
from planner.options.owner_arguments import CompareArguments
from planner.options.owning import Use
from planner.results.comparison import NotCompared
from planner.results.sides import Owned, Rental
from planner.units import HOURS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A GPU to buy or one owned already, and the number of cards; without a number, as many as the work needs."""

    gpu: str
    card_count: int | None
    is_owned_already: bool


def candidates_of(buy: Sequence[str], own: Sequence[str]) -> tuple[list[Candidate], list[str]]:
    """The candidates that were named, each once, and notes on names that cover several GPUs.

    Raises:
        UsageError: nothing is named, or a part of a card.
        UnknownNameError: no GPU goes by a name.
    """
    found: dict[Candidate, None] = {}  # an ordered set: a GPU named twice is compared once
    notes = []
    for texts, is_owned_already in ((buy, False), (own, True)):
        for text in texts:
            choice = choose_gpus_only(
                text, "No table has what one costs; planner compare weighs cards, planner estimate rents processors."
            )
            if choice.count is not None and choice.count != int(choice.count):
                raise UsageError(f"{text!r}: whole cards are bought, not {choice.count:g}.")
            if len(choice.gpus) > 1:
                notes.append(f"{text} covers {', '.join(choice.gpus)}")
            count = None if choice.count is None else int(choice.count)
            found.update(
                {Candidate(gpu=gpu, card_count=count, is_owned_already=is_owned_already): None for gpu in choice.gpus}
            )
    if not found:
        raise UsageError(
            "What would be bought? Name a card with {buy}, for example {buy} rtx-4090. See: planner gpus",
            argument="buy",
        )
    return list(found), notes


RentalsOf = Callable[[str, int, float, float], tuple[Rental, ...]]
"""The rentals of the work, one for each way to pay, beside a machine with that GPU and count: of so many jobs in the average
month, and so many in the busiest."""


def compared_machines(
    candidates: Sequence[Candidate],
    workload: Workload | None,
    rentals_of: RentalsOf,
    use: Use,
    *,
    options: CompareArguments,
    terms: BillArguments,
    today: date,
) -> tuple[list[Owned], list[NotCompared]]:
    """The candidates compared with renting, and the others with the reason; if none is left, the first reason is raised.

    All do the same work: the same jobs, or the same GPU hours as the first.
    """
    compared: list[Owned] = []
    not_compared = []
    first_error: PlannerError | None = None
    jobs = use.jobs_per_month if workload else None
    gpu_hours: float | None = None
    weakest = weakest_basis(options["basis"])
    is_machine_hours = workload is None and options["rent_usd_per_hour"] is not None
    for candidate in candidates:
        gpu_count = gpus_in(candidate.gpu, candidate.card_count)
        try:
            if workload is not None and jobs is None:
                # hours are hours of the first machine; the others are asked to do the same jobs
                jobs = _jobs(use, job_time(workload, (candidate.gpu, gpu_count), terms, weakest)[1], gpu_count)
            if workload is None and gpu_hours is None:
                per_hour = 1 if is_machine_hours else gpu_count
                gpu_hours = _hours(use, gpu_count, is_machine_hours=is_machine_hours) * per_hour
            usual = jobs if jobs is not None else (gpu_hours or 0.0) / (1 if is_machine_hours else gpu_count)
            amount = usual * use.peak.mean
            compared += machines_of(
                Wanted(
                    gpu=candidate.gpu,
                    card_count=candidate.card_count,
                    is_owned_already=candidate.is_owned_already,
                    workload=workload,
                    jobs_per_month=amount,
                    use=use,
                    rentals=rentals_of(candidate.gpu, gpu_count, amount, amount * use.peak.busiest),
                    options=options,
                    terms=terms,
                    weakest=weakest,
                    today=today,
                )
            )
        except (UsageError, NoThroughputError, NothingLeftError) as error:
            if isinstance(error, UnknownNameError) or len(candidates) == 1:
                raise _with_change(error, workload, (candidate.gpu, gpu_count)) from None
            first_error = first_error or _with_change(error, workload, (candidate.gpu, gpu_count))
            not_compared.append(NotCompared(gpu=candidate.gpu, reason=Sentence("{why}", why=error)))
    if first_error is not None and not compared:
        raise first_error
    return compared, not_compared


def _with_change(error: PlannerError, workload: Workload | None, cell: tuple[str, float]) -> PlannerError:
    """The error, with what would make the run fit where memory is short."""
    if workload is None or not isinstance(error, DoesNotFitError):
        return error
    from planner.answers.fit import what_would_fit  # noqa: PLC0415 - only where memory is short

    return DoesNotFitError("{why}{change}", why=error, change=what_would_fit(workload, [cell]))


def _jobs(use: Use, hours_per_job: float, gpu_count: int) -> float:
    """Runs a month that fill the hours of use of one machine, with all its GPUs on one run."""
    return _hours(use, gpu_count, is_machine_hours=False) / hours_per_job


def _hours(use: Use, gpu_count: int, *, is_machine_hours: bool) -> float:
    """Hours of work of a usual month, as hours of the machine."""
    if use.utilisation is not None:
        return use.utilisation * HOURS_PER_MONTH
    if use.gpu_hours_per_month is None:
        raise UsageError(
            "{jobs_per_month} needs a job: give {model} and {epochs}, or give {gpu_hours_per_month} instead.",
            argument="jobs_per_month",
        )
    return use.gpu_hours_per_month / (1 if is_machine_hours else gpu_count)
