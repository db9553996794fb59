"""`planner compare`: rent, or buy a card, and after how many jobs or months the purchase pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Unpack, cast

from planner.answers.buying.candidates import Candidate, candidates_of, compared_machines
from planner.answers.buying.rent_hours import rent_hours_at
from planner.answers.buying.renting import Market, rent_at, rent_cheapest, work_text
from planner.answers.buying.verdict import break_even_of, odds_of, sensitivities_of, sentence, use_curve
from planner.cost.rent_or_buy import cost_curve
from planner.errors import Sentence, UsageError, named
from planner.hardware.machines import gpus_in
from planner.model.records import Workload
from planner.options.arguments import BillArguments, WorkloadArguments
from planner.options.bill import bill_terms
from planner.options.declared import declared, filled, takes
from planner.options.owner_arguments import CompareArguments
from planner.options.owning import Use, check_names, use_of
from planner.results.comparison import Comparison, Owned, Rental
from planner.units import HOURS_PER_MONTH, current_day
from planner.work.planned import planned_work

DESCRIBING = frozenset({"model", "params", "gmacs_per_sample", "measured", "model_file"})
"""Any of these options says what the job is; without them hours of use are compared."""


@takes(CompareArguments)
def compare(**asked: Unpack[CompareArguments]) -> Comparison:
    """Compares renting with owning for one workload, or for hours of use if no workload is given.

    Renting is the cheapest matching offer of the estimate, or `rent_usd_per_hour`. Owning is purchase, running costs
    and resale of the machine over `months`, with the throughput of the same rule. Several machines are ranked by what
    they save.

    Args:
        asked: any option of docs/options.md that `compare` takes, by its name in Python; `buy` or `own`, how much the machine
            is used, and `model` with `epochs` or `tokens` unless hours of use are compared.

    Raises:
        UsageError: an argument is out of range, a name is unknown, a GPU is not sold or has no known price.
        NothingLeftError: nothing can be rented that matches.
        NoThroughputError: nothing says how fast the workload runs on a machine.
    """
    given: Mapping[str, Any] = asked
    today = asked["as_of"] or current_day()
    check_names(asked)
    use = use_of(asked)
    rent_usd_per_hour = asked["rent_usd_per_hour"]
    candidates, notes = candidates_of(tuple(asked["buy"]), tuple(asked["own"]))
    _check_card_price(asked["card_usd"], candidates)
    market = Market(**{field.name: given[field.name] for field in fields(Market)})
    work_options = {name: given[name] for name in declared(WorkloadArguments) if name not in ("basis", "nodes")}
    terms = bill_terms(asked)
    workload, rental, work_notes = _rent_work(work_options, market, rent_usd_per_hour, candidates, terms)
    compared, not_compared = compared_machines(
        candidates,
        workload,
        rental,
        use,
        options=asked,
        market=market,
        terms=terms,
        rent_usd_per_hour=rent_usd_per_hour,
        today=today,
    )
    ranked = sorted(compared, key=lambda owned: (-owned.margin_usd, owned.label))
    best = ranked[0]
    curve = cost_curve(best.case)
    break_even = break_even_of(best, curve, has_jobs=workload is not None)
    chance = odds_of(best)
    return Comparison(
        workload=workload,
        as_of=today,
        options=tuple(ranked),
        break_even=break_even,
        curve=curve,
        use_curve=use_curve(best),
        verdict=sentence(best, break_even, chance),
        odds=chance,
        sensitivity=sensitivities_of(best, job="job" if workload else "hour"),
        not_compared=tuple(not_compared),
        assumptions=_assumptions(best, use, workload),
        rent_assumptions=tuple(work_notes),
        notes=(*notes, *best.notes, *best.rental.notes, *_carbon_notes(best)),
    )


def _check_card_price(card_usd: float | None, candidates: Sequence[Candidate]) -> None:
    if card_usd is not None and sum(not candidate.is_owned_already for candidate in candidates) > 1:
        raise UsageError(
            "{card_usd} is the price of one machine: name one card with {buy}, in full.", argument="card_usd"
        )


def _rent_work(
    work_options: dict[str, Any],
    market: Market,
    rent_usd_per_hour: float | None,
    candidates: Sequence[Candidate],
    terms: BillArguments,
) -> tuple[Workload | None, Rental | None, Sequence[str]]:
    """The workload, its rental, and notes on both; without a workload, a rental only if its price per hour is given."""
    said = {name: value for name, value in work_options.items() if value not in (None, ())}
    if not said.keys() & DESCRIBING:
        strange = [name for name in said if name != "precision"]
        if strange:
            option = strange[0].removeprefix("sequence_length_or_")
            raise UsageError(
                "{which} needs {model}. Without a workload leave both out.", argument=option, which=named(option)
            )
        return None, None if rent_usd_per_hour is None else rent_hours_at(rent_usd_per_hour, terms), ()
    if rent_usd_per_hour is None:
        return rent_cheapest(said, market, terms)
    work = planned_work(cast("WorkloadArguments", filled(WorkloadArguments, said)))
    first = candidates[0]
    fallback = (first.gpu, float(gpus_in(first.gpu, first.card_count)))
    rental = rent_at(rent_usd_per_hour, work.workload, market.gpus, fallback, terms)
    return work.workload, rental, (Sentence("samples an epoch: {source}", source=work.samples_source),)


def _assumptions(best: Owned, use: Use, workload: Workload | None) -> tuple[str, ...]:
    """Assumptions behind the best machine: its use, the rental, owning, and how much work a job is."""
    work = () if workload is None else (work_text(workload),)
    return (_use_text(best, use, workload), *best.rental.assumptions, *best.assumptions, *work)


def _use_text(best: Owned, use: Use, workload: Workload | None) -> str:
    case = best.case
    part = case.hours_per_month / HOURS_PER_MONTH
    if workload is None:
        return Sentence(f"use {case.hours_per_month:,.0f} h a month ({part:.0%}) [{_BY_HOURS}]")
    given = "{jobs_per_month}" if use.jobs_per_month is not None else _BY_HOURS
    return Sentence(
        f"use {case.jobs_per_month:,.3g} jobs a month = {case.hours_per_month:,.0f} h, {part:.0%} of the month [{given}]"
    )


_BY_HOURS = "{gpu_hours_per_month} {utilisation}"


def _carbon_notes(best: Owned) -> list[str]:
    rental = best.rental
    if rental.cell is None:
        return ["energy of the rented machine is not known: only its price is given"]
    if rental.grid is None:
        return ["CO2 of renting is not known: the grid under it is not"]
    return []
