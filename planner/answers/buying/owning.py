"""The owning side of a comparison: a machine, the work it does, and its cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from planner.answers.buying.assumptions import owner_assumptions
from planner.answers.buying.speed import speed_on
from planner.answers.buying.upkeep import Upkeep, upkeep_of
from planner.answers.buying.ways_to_pay import baseline_of
from planner.cost.course import Timer
from planner.cost.ownership import OwnershipTerms
from planner.cost.rent_or_buy import Case, owning_items
from planner.cost.resale import ResaleCurve
from planner.errors import Message, Sentence, UsageError, named
from planner.hardware.cards import Condition
from planner.hardware.electricity import DEFAULT_PLACE, Place, find_place, place_grid
from planner.hardware.gpus import shown_key
from planner.hardware.hosts import LARGEST_PCIE_HOST
from planner.hardware.machines import Given, Machine, is_sold_as_card, machine_for
from planner.model.frozen import changed, dataclass
from planner.model.records import Basis, Throughput, Workload
from planner.options.bill_arguments import BillArguments
from planner.options.owner_arguments import CompareArguments, OwnerArguments
from planner.options.owning import Use
from planner.results.sides import Owned, Rental
from planner.units import HOURS_PER_MONTH, hours

DATA_CENTRE_PUE = 1.58
"""Energy of a server room's building per energy of its machines: average of the Uptime Institute's survey of 2023."""

ROUNDING = 1e-9  # of a machine: a month filled to the last hour needs no other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """A machine that is asked for, and the work it is for: `jobs_per_month` runs of the average month."""

    gpu: str
    card_count: int | None
    is_owned_already: bool
    workload: Workload | None
    jobs_per_month: float
    use: Use
    rentals: tuple[Rental, ...]
    options: CompareArguments
    terms: BillArguments
    weakest: Basis
    today: date

    @property
    def busiest_jobs(self) -> float:
        """Runs of the busiest month."""
        return self.jobs_per_month * self.use.peak.busiest

    @property
    def most_hours(self) -> float:
        """Hours a month that the machine may work."""
        return HOURS_PER_MONTH * self.use.busy_at_most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """How the machine that is named, or one card of it where no number is, does a run: how fast and in how many hours."""

    machine: Machine
    throughput: Throughput | None
    job_hours: float


def done_by(wanted: Wanted) -> Done:
    """How the machine asked for does one run.

    Raises:
        UsageError: not sold, or no price known.
        NoThroughputError: nothing says how fast the workload runs on it.
    """
    machine = _machine(wanted, wanted.card_count)
    throughput, job_hours = job_time(wanted.workload, (wanted.gpu, machine.gpu_count), wanted.terms, wanted.weakest)
    return Done(machine=machine, throughput=throughput, job_hours=job_hours)


def machines_needed(wanted: Wanted, done: Done) -> int:
    """Machines as named that do the work of the busiest month, each its own runs: more than one only where no number is named."""
    if (
        wanted.is_owned_already
        or wanted.card_count is not None
        or not is_sold_as_card(wanted.gpu)
        or not wanted.most_hours
    ):
        return 1
    return max(1, math.ceil(wanted.busiest_jobs * done.job_hours / wanted.most_hours - ROUNDING))


def too_much(wanted: Wanted, done: Done) -> UsageError | None:
    """The error that the machine cannot do the work of its busiest month alone; `None` if it can."""
    needed, cards, spec = wanted.busiest_jobs * done.job_hours, machines_needed(wanted, done), done.machine.gpu
    if cards > LARGEST_PCIE_HOST:
        return UsageError(
            f"The jobs need {needed:,.0f} h a month on one {spec.display_name}: {cards} cards, more than the "
            f"{LARGEST_PCIE_HOST} of one machine. Buy several machines' share of the jobs, or a faster GPU."
        )
    there = wanted.most_hours
    if needed / cards <= there * (1 + ROUNDING):
        return None
    option = "own" if wanted.is_owned_already else "buy"
    return UsageError(
        "The work needs {needed:,.0f} hours a month on the {count}x {gpu} {what}, a month has {there:,.0f} "
        "({hours} h x utilisation {busy:g}). Name more cards, for example {option} {gpu}:{more}, or fewer jobs.",
        argument=option,
        needed=needed,
        count=done.machine.card_count,
        gpu=spec.name,
        what="owned" if wanted.is_owned_already else "bought",
        there=there,
        hours=HOURS_PER_MONTH,
        busy=wanted.use.busy_at_most,
        option=named(option),
        more=math.ceil(done.machine.card_count * needed / there) if there else 2,
    )


def own_machine(wanted: Wanted, done: Done, machines: int, rest: Rental | None = None) -> Owned:
    """The owned side of a comparison: `machines` of those asked for, each doing its own runs, and what they cost beside the rental.

    Args:
        wanted: the machine and the work.
        done: how one of them does a run.
        machines: how many; cards that are named without a number stand in one host.
        rest: the rental of what exceeds them in a month; `None`: they do all of the work.

    Raises:
        UsageError: not sold in that number, or no price known.
    """
    options, is_owned_already = wanted.options, wanted.is_owned_already
    machine = done.machine if machines == 1 else _machine(wanted, done.machine.card_count * machines)
    place, rental = find_place(options["country"] or DEFAULT_PLACE), baseline_of(wanted.rentals, options["against"])
    upkeep = upkeep_of(machine, options, is_owned_already=is_owned_already)
    owner_terms = _terms(
        machine, options, place, upkeep, is_owned_already=is_owned_already, tax_fraction=wanted.terms["tax_fraction"]
    )
    case = Case(
        jobs_per_month=wanted.jobs_per_month,
        rent_usd_per_job=rental.usd_per_job,
        rent_usd_committed=rental.usd_committed_per_month,
        hours_per_job=done.job_hours / machines,
        terms=owner_terms,
        most_hours_per_month=None if rest is None else wanted.most_hours,
        rest_usd_per_job=0.0 if rest is None else rest.usd_per_job,
        peak=wanted.use.peak,
    )
    return Owned(
        machine=machine,
        label=_label(machine, is_owned_already=is_owned_already) + ("" if rest is None else ", rest rented"),
        is_owned_already=is_owned_already,
        throughput=done.throughput,
        cell=(wanted.gpu, float(done.machine.gpu_count)),
        jobs_side_by_side=machines,
        job_seconds=done.job_hours * 3600,
        case=case,
        rental=rental,
        rentals=wanted.rentals,
        rest=rest,
        base_sizes=(),
        items=owning_items(case),
        grid=place_grid(place),
        place=place,
        is_kwh_price_given=options["usd_per_kwh"] is not None or options["running_usd_per_hour"] is not None,
        has_given_watts=options["card_watts"] is not None,
        term_ranges=upkeep.ranges,
        assumptions=owner_assumptions(machine, owner_terms, upkeep, options, place, is_owned_already=is_owned_already),
        notes=(
            *machine.notes,
            *(_more_cards(wanted, done, machines) if rest is None else ()),
            *_unknown_idle(machine, options, is_owned_already=is_owned_already),
        ),
    )


def job_time(
    workload: Workload | None, cell: tuple[str, float], terms: BillArguments, weakest: Basis = Basis.MODELLED
) -> tuple[Throughput | None, float]:
    """Throughput of the workload on one's own GPUs, and hours of one run; without a workload, `None` and one hour.

    Overhead, evaluation and trials count as on a rented machine. Nothing else of the terms does: a machine of one's own
    is there, with its image and data on its disk, nobody takes it back, and its idle hours are counted for themselves.

    Raises:
        NoThroughputError: nothing says how fast.
    """
    if workload is None:
        return None, 1.0
    hours_alone = Message("Compare hours instead: {rent_usd_per_hour} with {gpu_hours_per_month}.")
    throughput = speed_on(workload, cell, weakest=weakest, argument="rent_usd_per_hour", instead=hours_alone)
    return throughput, hours(Timer(terms, workload).work_seconds(workload.samples / throughput.samples_per_second))


def _machine(wanted: Wanted, card_count: int | None) -> Machine:
    options = wanted.options
    given = Given(card_usd=options["card_usd"], host_usd=options["host_usd"], host_watts=options["host_watts"])
    if wanted.is_owned_already:
        # what is paid is paid, and the machine idles whether it is used or not
        given = changed(given, card_usd=0.0, host_usd=0.0)
    condition = Condition(options["condition"])
    return machine_for(wanted.gpu, card_count, condition=condition, given=given, today=wanted.today)


def _given_watts(machine: Machine, options: OwnerArguments) -> float | None:
    """What all cards draw, as it was given or as the user's own runs on such cards drew; `None` where neither says."""
    given: Mapping[str, Any] = options
    if options["card_watts"] is not None or not given.get("calibration"):
        return options["card_watts"]
    from planner.work.calibrated import card_watts_of  # noqa: PLC0415 - only where somebody gives a file

    watts = card_watts_of(given["calibration"], [machine.gpu.name])
    return None if watts is None else watts * machine.card_count


def _terms(
    machine: Machine,
    options: OwnerArguments,
    place: Place,
    upkeep: Upkeep,
    *,
    is_owned_already: bool,
    tax_fraction: float,
) -> OwnershipTerms:
    card_watts = _known("card", _given_watts(machine, options), machine.card_watts, machine)
    host_watts = _known("host", options["host_watts"], machine.host_watts, machine)
    return OwnershipTerms(
        card_usd=machine.cards.usd,
        host_usd=machine.host.usd,
        card_watts=card_watts,
        host_watts=host_watts,
        idle_watts=_idle_watts(machine, options, is_owned_already=is_owned_already),
        pue=options["pue"] if options["pue"] is not None else DATA_CENTRE_PUE if machine.in_data_centre else 1.0,
        usd_per_kwh=_usd_per_kwh(machine, options, place),
        running_usd_per_hour=options["running_usd_per_hour"],
        resale_fraction=options["resale_fraction"],
        resale_curve=ResaleCurve(options["resale_curve"]),
        tax_fraction=tax_fraction,
        months=options["months"],
        **upkeep.terms,
    )


def _known(what: str, given: float | None, shipped: float | None, machine: Machine) -> float:
    if given is not None:
        return given
    if shipped is None:
        raise UsageError(
            "What the {what} of {gpu} draws is not known. Give {watts}.",
            argument=f"{what}_watts",
            what=what,
            gpu=machine.gpu.display_name,
            watts=named(f"{what}_watts"),
        )
    return shipped


def _idle_watts(machine: Machine, options: OwnerArguments, *, is_owned_already: bool) -> float:
    """Watts of the machine in hours without use: as stated, else of what is bought at shipped figures; 0 if owned already."""
    if options["idle_watts"] is not None:
        return options["idle_watts"]
    if is_owned_already:
        return 0.0
    cards = 0.0 if options["card_watts"] is not None else machine.idle_card_watts or 0.0
    exists = options["host_usd"] == 0
    host = 0.0 if options["host_watts"] is not None or exists else machine.idle_host_watts or 0.0
    return cards + host


def _unknown_idle(machine: Machine, options: OwnerArguments, *, is_owned_already: bool) -> tuple[str, ...]:
    if options["idle_watts"] is not None or is_owned_already:
        return ()
    unknown = [
        what
        for what, is_described, watts in (
            (machine.gpu.display_name, options["card_watts"] is not None, machine.idle_card_watts),
            (machine.host_name, options["host_watts"] is not None or options["host_usd"] == 0, machine.idle_host_watts),
        )
        if watts is None and not is_described
    ]
    if not unknown:
        return ()
    which = " and ".join(unknown)
    return (Sentence("idle draw of {which} is not known and not counted; give {idle_watts}", which=which),)


def _usd_per_kwh(machine: Machine, options: OwnerArguments, place: Place) -> float:
    if options["usd_per_kwh"] is not None:
        return options["usd_per_kwh"]
    price = place.usd_per_kwh_business if machine.in_data_centre else place.usd_per_kwh_household
    if price is None:
        raise UsageError(
            "No price of electricity in {place} is known. Give {usd_per_kwh}.", argument="usd_per_kwh", place=place.name
        )
    return price


def _label(machine: Machine, *, is_owned_already: bool) -> str:
    state = "owned" if is_owned_already else machine.condition.value
    return f"{machine.card_count}x {shown_key(machine.gpu.name)} ({state})"


def _more_cards(wanted: Wanted, done: Done, cards: int) -> tuple[str, ...]:
    if cards == 1:
        return ()
    return (
        f"the jobs need {wanted.busiest_jobs * done.job_hours:,.0f} h a month on one card, more than "
        f"{wanted.most_hours:,.0f}: {cards} cards bought, each doing its own jobs",
    )
