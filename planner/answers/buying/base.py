"""A base that is owned, and the rest of the work rented: where months differ, or the work exceeds the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.answers.buying.owning import Done, Wanted, done_by, machines_needed, own_machine, too_much
from planner.answers.buying.ways_to_pay import ON_DEMAND, baseline_of
from planner.errors import Sentence, UsageError
from planner.hardware.hosts import LARGEST_PCIE_HOST
from planner.hardware.machines import is_sold_as_card
from planner.model.frozen import changed
from planner.results.sides import BaseSize, Owned, Rental

MOST_MACHINES = LARGEST_PCIE_HOST
"""Sizes of a base that are tried: so many cards in one host where no number is named, or so many whole systems."""

OF_ONE_MACHINE = (
    "card_usd", "host_usd", "card_watts", "host_watts", "idle_watts", "running_usd_per_hour", "hosting_usd_per_month",
    "staff_usd_per_month", "networking_usd",
)  # fmt: skip
"""Options that say what the machine named costs: they tell nothing of several."""


def machines_of(wanted: Wanted) -> tuple[Owned, ...]:
    """The machine that does all of the work, and the base that costs least where the rest is rented; each if there is one.

    Without a number, jobs that do not fit into a month of one card are shared by as many cards as it takes, each doing its
    own jobs; with a number all cards work on one job together.

    Raises:
        UsageError: not sold, no price known, or too much work for the machine and nothing to rent the rest with.
        NoThroughputError: nothing says how fast the workload runs on it.
    """
    done = done_by(wanted)
    refused = too_much(wanted, done)
    bases = tuple(_bases(wanted, done))
    if refused is not None and not bases:
        raise refused
    whole = () if refused is not None else (own_machine(wanted, done, machines_needed(wanted, done)),)
    if not bases:
        return whole
    best = min(bases, key=lambda base: base.usd)
    sizes = (
        BaseSize(card_count=0, usd=best.rent_usd),
        *(BaseSize(card_count=owned.machine.card_count, usd=owned.usd) for owned in (*bases, *whole)),
    )
    return *whole, changed(best, base_sizes=sizes, assumptions=(*best.assumptions, *_base_texts(best, sizes)))


def same_machine(wanted: Wanted, like: Owned) -> Owned:
    """The machine asked for in the number of another, with the same part of the work.

    Raises:
        UsageError: not sold, or no price known.
        NoThroughputError: nothing says how fast the workload runs on it.
    """
    return own_machine(wanted, done_by(wanted), like.jobs_side_by_side, like.rest)


def _bases(wanted: Wanted, done: Done) -> Iterator[Owned]:
    """Machines from one on that cannot do the work of the busiest month alone, and the rest rented."""
    rest, needed = _rest_of(wanted), machines_needed(wanted, done)
    is_named = wanted.card_count is not None and is_sold_as_card(wanted.gpu)
    is_one = wanted.is_owned_already or is_named or _is_of_one(wanted)
    if rest is None or not wanted.most_hours or (is_one and 1 < needed <= LARGEST_PCIE_HOST):
        return
    for machines in range(1, (1 if is_one else MOST_MACHINES) + 1):
        if wanted.busiest_jobs * done.job_hours / machines <= wanted.most_hours * (1 + 1e-9):
            return
        try:
            yield own_machine(wanted, done, machines, rest)
        except UsageError:
            if machines == 1:
                raise
            return  # not sold in that number


def _is_of_one(wanted: Wanted) -> bool:
    given: Mapping[str, Any] = wanted.options
    return any(given[name] for name in OF_ONE_MACHINE)


def _rest_of(wanted: Wanted) -> Rental | None:
    """The rental that work beyond the base is paid by: that of the verdict, or beside a commitment the cheapest on demand."""
    baseline = baseline_of(wanted.rentals, wanted.options["against"])
    if not baseline.usd_committed_per_month:
        return baseline
    on_demand = [one for one in wanted.rentals if one.way == ON_DEMAND and one.mark is None]
    return min(on_demand, key=lambda one: (one.usd_per_job, one.label), default=None)


def _base_texts(best: Owned, sizes: Sequence[BaseSize]) -> Iterator[str]:
    """What the base does, how the rest is paid, and what bases of other sizes cost."""
    case = best.case
    yield Sentence(
        "base {hours:,.0f} of {work:,.0f} h a month, the rest rented: {label} [{peak_factor} {peak_months_per_year}]",
        hours=case.hours_per_month,
        work=case.work_hours_per_month,
        label=best.rest.label if best.rest else "",
    )
    yield "cards of the base: " + ", ".join(f"{size.card_count} cost {size.usd:,.0f} USD" for size in sizes)
