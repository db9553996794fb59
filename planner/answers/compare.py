"""`planner compare`: rent, or buy a card, and after how many jobs or months the purchase pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Unpack, cast

from planner.answers.buying.alternatives import alternatives_of, in_other_conditions, turned_by
from planner.answers.buying.candidates import Candidate, RentalsOf, candidates_of, compared_machines
from planner.answers.buying.rent_hours import rent_hours_at, rent_same
from planner.answers.buying.renting import Market, rent_at, rent_work, rented_work, work_text
from planner.answers.buying.verdict import break_even_of, judged, sentence, use_curve
from planner.cost.rent_or_buy import cost_curve
from planner.errors import Sentence, UsageError, named
from planner.hardware.machines import gpus_in
from planner.model.frozen import names_of
from planner.model.records import Workload
from planner.options.arguments import WorkloadArguments
from planner.options.bill import bill_terms
from planner.options.bill_arguments import BillArguments
from planner.options.declared import declared, filled, takes
from planner.options.owner_arguments import CompareArguments
from planner.options.owning import Use, check_names, use_of
from planner.prices.damaged import damaged_books
from planner.results.answer import damaged_text
from planner.results.comparison import Comparison
from planner.results.sides import Owned, Rental
from planner.throughput.builds import build_warning
from planner.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, current_day
from planner.work.listed import Work
from planner.work.planned import planned_work

DESCRIBING = frozenset({"model", "params", "gmacs_per_sample", "measured", "model_file", "calibration"})
"""Any of these options says what the job is; without them hours of use are compared."""


@takes(CompareArguments)
def compare(**asked: Unpack[CompareArguments]) -> Comparison:
    """Compares renting with owning for one workload, or for hours of use if no workload is given.

    Renting is the cheapest matching offer of the estimate, or `rent_usd_per_hour`. Owning is purchase, running costs
    and resale of the machine over `months`, with the throughput of the same rule. Several machines are ranked by what
    they cost over that time.

    Args:
        asked: any option of docs/options.md that `compare` takes, by its name in Python; `buy` or `own`, how much the machine
            is used, and `model` with `epochs` or `tokens` unless hours of use are compared.

    Raises:
        UsageError: an argument is out of range, a name is unknown, a GPU is not sold or has no known price.
        NothingLeftError: nothing can be rented that matches.
        NoThroughputError: nothing says how fast the workload runs on a machine.
    """
    asked = _calibrated(asked)
    today = asked["as_of"] or current_day()
    check_names(asked)
    use = use_of(asked)
    candidates, notes = candidates_of(tuple(asked["buy"]), tuple(asked["own"]))
    _check_card_price(asked["card_usd"], candidates)
    terms = bill_terms(asked)
    work = _work(asked)
    workload = None if work is None else work.workload
    rentals_of, assumed_of = _renting(asked, work, candidates[0], terms, today)
    compared, not_compared = compared_machines(
        candidates, workload, rentals_of, use, options=asked, terms=terms, today=today
    )
    ranked = sorted(compared, key=lambda owned: (owned.usd, owned.label))
    best = ranked[0]
    curve = cost_curve(best.case)
    break_even = break_even_of(best, curve, has_jobs=workload is not None)
    chance, sensitivity = judged(best, job="job" if workload else "hour")
    others, not_priced = in_other_conditions(best, asked, workload, use=use, terms=terms, today=today)
    alternatives = alternatives_of(best, [*ranked, *others])
    damaged = damaged_books(asked["data_dir"], as_of=asked["as_of"], providers=asked["providers"])
    return Comparison(
        workload=workload,
        as_of=today,
        options=tuple(ranked),
        machines=(*ranked, *others),
        alternatives=alternatives,
        break_even=break_even,
        curve=curve,
        use_curve=use_curve(best),
        verdict=sentence(best, break_even, chance, sensitivity, turned_by(best, alternatives)),
        odds=chance,
        sensitivity=sensitivity,
        not_compared=tuple(not_compared),
        assumptions=_assumptions(best, use, workload),
        rent_assumptions=tuple(assumed_of(best.case.jobs_per_month, best.case.busiest_jobs)),
        damaged=damaged,
        notes=(*damaged_text(damaged), *notes, *_notes(ranked, workload, not_priced)),
    )


def _notes(ranked: Sequence[Owned], workload: Workload | None, not_priced: Sequence[str]) -> tuple[str, ...]:
    """Notes on the best machine and its rental, on conditions without a price, and on what is not alike."""
    best = ranked[0]
    return (
        *_build_notes(best, workload),
        *best.notes,
        *best.rental.notes,
        *not_priced,
        *_unlike_notes(ranked, workload),
    )


def _calibrated(asked: CompareArguments) -> CompareArguments:
    if not asked["calibration"]:
        return asked
    from planner.work.calibrated import with_calibration  # noqa: PLC0415 - only where somebody gives a file

    return with_calibration(asked)


def _check_card_price(card_usd: float | None, candidates: Sequence[Candidate]) -> None:
    if card_usd is not None and sum(not candidate.is_owned_already for candidate in candidates) > 1:
        raise UsageError(
            "{card_usd} is the price of one machine: name one card with {buy}, in full.", argument="card_usd"
        )


def _work(asked: CompareArguments) -> Work | None:
    """The work to be done; `None` where only hours of use are compared."""
    given: Mapping[str, Any] = asked
    said = {name: given[name] for name in declared(WorkloadArguments) if given[name] not in (None, ())}
    if said.keys() & DESCRIBING:
        return planned_work(cast("WorkloadArguments", filled(WorkloadArguments, said)))
    strange = [name for name in said if name not in ("precision", "basis", "nodes")]
    if strange:
        option = strange[0].removeprefix("sequence_length_or_")
        raise UsageError(
            "{which} needs {model}. Without a workload leave both out.", argument=option, which=named(option)
        )
    return None


def _renting(
    asked: CompareArguments, work: Work | None, first: Candidate, terms: BillArguments, today: date
) -> tuple[RentalsOf, Callable[[float, float], Sequence[str]]]:
    """What finds the rentals beside a machine, and what the time of the rented runs rests on."""
    given: Mapping[str, Any] = asked
    market = Market(**{name: given[name] for name in names_of(Market)})
    usd_per_hour, against = asked["rent_usd_per_hour"], asked["against"]
    if work is None:
        if usd_per_hour is not None:
            return lambda _gpu, _count, hours, _busiest: (rent_hours_at(usd_per_hour, terms, hours),), _nothing
        return lambda gpu, count, hours, busiest: rent_same(
            gpu,
            count,
            hours_per_month=hours,
            busiest_hours=busiest,
            market=market,
            against=against,
            today=today,
            terms=terms,
        ), _nothing
    workload = work.workload
    sold = _sold_to(workload, terms, today, market.most_age_days)
    samples = (Sentence("samples an epoch: {source}", source=work.samples_source),)
    if usd_per_hour is not None:
        fallback = first.gpu, float(gpus_in(first.gpu, first.card_count))
        return lambda _gpu, _count, jobs, _busiest: (
            rent_at(usd_per_hour, workload, jobs, gpus=market.gpus, fallback=fallback, terms=terms),
            *sold(jobs),
        ), lambda _jobs, _busiest: samples
    work_options = {
        name: given[name]
        for name in declared(WorkloadArguments)
        if name not in ("basis", "nodes") and given[name] not in (None, ())
    }
    rented = rented_work(work_options, market, terms)
    found = cache(lambda jobs, busiest: rent_work(rented, jobs, busiest, against, terms["tax_fraction"]))
    return lambda _gpu, _count, jobs, busiest: (*found(jobs, busiest)[0], *sold(jobs)), lambda *jobs: found(*jobs)[1]


def _sold_to(
    workload: Workload, terms: BillArguments, today: date, max_age_days: int | None
) -> Callable[[float], tuple[Rental, ...]]:
    """What finds the services that train a language model, for so many runs a month."""
    if workload.language is None:
        return lambda _jobs: ()
    from planner.answers.buying.services import rent_services  # noqa: PLC0415 - images are sold by no token

    return lambda jobs: rent_services(workload, jobs, terms, today=today, max_age_days=max_age_days)


def _nothing(_jobs: float, _busiest: float) -> tuple[str, ...]:
    return ()


def _build_notes(best: Owned, workload: Workload | None) -> tuple[str, ...]:
    """What of today's builds speaks against the card."""
    warning = None if workload is None else build_warning(workload, best.machine.gpu.name)
    return (warning,) if warning else ()


def _unlike_notes(ranked: Sequence[Owned], workload: Workload | None) -> tuple[str, ...]:
    if workload is not None or len({owned.machine.gpu.name for owned in ranked}) == 1:
        return ()
    same = "all machines work the same GPU hours, but an hour of each is not the same work: name it with {model}"
    return (Sentence(same),)


def _assumptions(best: Owned, use: Use, workload: Workload | None) -> tuple[str, ...]:
    """Assumptions behind the best machine: its use, the rental, owning, and how much work a job is."""
    work = () if workload is None else (work_text(workload),)
    rented = (*best.rental.assumptions, *_carbon_notes(best))
    return (_use_text(best, use, workload), *rented, *best.assumptions, *work)


def _use_text(best: Owned, use: Use, workload: Workload | None) -> str:
    case = best.case
    part = case.work_hours_per_month / HOURS_PER_MONTH
    peak = _peak_text(best)
    if workload is None:
        return Sentence(f"use {case.work_hours_per_month:,.0f} h a month ({part:.0%}){peak} [{_BY_HOURS}]")
    given = "{jobs_per_month}" if use.jobs_per_month is not None else _BY_HOURS
    return Sentence(
        f"use {case.jobs_per_month:,.3g} jobs a month = {case.work_hours_per_month:,.0f} h, {part:.0%} of the month{peak} [{given}]"
    )


def _peak_text(best: Owned) -> str:
    """How busy months differ from usual ones; nothing where all are alike."""
    peak = best.case.peak
    if not peak.share:
        return ""
    usual = best.case.work_hours_per_month / peak.mean
    return (
        f" on average: {usual:,.0f} h in a usual month, {usual * peak.factor:,.0f} h in {peak.share * MONTHS_PER_YEAR:.3g} of "
        f"12 {{peak_factor}} {{peak_months_per_year}}"
    )


_BY_HOURS = "{gpu_hours_per_month} {utilisation}"


def _carbon_notes(best: Owned) -> list[str]:
    """What is not known of the energy behind a rental."""
    rental = best.rental
    if rental.cell is None:
        return ["energy of the rented machine is not known: only its price is given"]
    if rental.grid is None:
        return ["CO2 of renting is not known: the grid under it is not"]
    return []
