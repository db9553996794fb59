"""`planner compare`: rent, or buy a card, and after how many jobs or months the purchase pays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.answers.buying.candidates import Candidate, candidates_of, compared_machines
from planner.answers.buying.rent_hours import rent_hours_at
from planner.answers.buying.renting import Market, rent_at, rent_cheapest, work_text
from planner.answers.buying.verdict import break_even_of, odds_of, sensitivities_of, sentence, use_curve
from planner.answers.question import MAX_PRICE_AGE_DAYS, described_work
from planner.cost.rent_or_buy import cost_curve
from planner.errors import UnknownNameError, UsageError
from planner.hardware.cards import Condition
from planner.hardware.machines import gpus_in
from planner.model.records import Workload
from planner.options.bill import BillTerms
from planner.options.checked import checked, listed
from planner.options.owning import MONTHS, OwnerOptions, Use, check_options
from planner.results.comparison import Comparison, Owned, Rental
from planner.units import HOURS_PER_MONTH, current_day
from planner.work.planned import LanguageArguments

if TYPE_CHECKING:
    pass

DESCRIBING = frozenset({"model", "params", "gmacs_per_sample", "measured", "model_file"})
"""Any of these options says what the job is; without them hours of use are compared."""


@checked(LanguageArguments)
def compare(
    *,
    buy: str | Iterable[str] = (),
    own: str | Iterable[str] = (),
    model: str | None = None,
    epochs: float | None = None,
    dataset: str | None = None,
    samples_per_epoch: float | None = None,
    precision: str = "amp",
    batch_size: int | None = None,
    framework: str | None = None,
    sequence_length_or_image_size: int | None = None,
    gmacs_per_sample: float | None = None,
    params_millions: float | None = None,
    activations_millions: float | None = None,
    measured: str | Iterable[str] = (),
    model_file: Path | None = None,
    gpus: str | Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: str | Iterable[str] = (),
    regions: str | Iterable[str] = (),
    purchases: str | Iterable[str] = (),
    max_price_age_days: int | None = MAX_PRICE_AGE_DAYS,
    data_dir: Path | None = None,
    as_of: date | None = None,
    jobs_per_month: float | None = None,
    gpu_hours_per_month: float | None = None,
    utilisation: float | None = None,
    rent_usd_per_hour: float | None = None,
    condition: str = "new",
    card_usd: float | None = None,
    host_usd: float | None = None,
    card_watts: float | None = None,
    host_watts: float | None = None,
    idle_watts: float | None = None,
    pue: float | None = None,
    usd_per_kwh: float | None = None,
    country: str | None = None,
    running_usd_per_hour: float | None = None,
    hosting_usd_per_month: float = 0.0,
    maintenance_fraction_per_year: float = 0.0,
    staff_usd_per_month: float = 0.0,
    resale_fraction: float | None = None,
    resale_curve: str = "broker",
    discount_per_year: float = 0.0,
    months: float = MONTHS,
    **language: Any,
) -> Comparison:
    """Rent or buy for one workload, or for hours of use where no workload is given.

    Renting is the cheapest matching offer of the estimate, or `rent_usd_per_hour`. Owning is purchase, running costs
    and resale of the machine over `months`, with the throughput of the same rule. Several machines are ranked by what
    they save.

    Args:
        buy: GPUs to buy, with a count of cards if wanted: `rtx-4090`, `rtx-3090:2`, `h100-80gb-sxm:8`.
        own: GPUs that are there already.
        model: name or alias, with `epochs`; leave both out to compare hours.
        epochs: passes over the data.
        dataset: as for `estimate`.
        samples_per_epoch: as for `estimate`.
        precision: as for `estimate`.
        batch_size: as for `estimate`.
        framework: as for `estimate`.
        sequence_length_or_image_size: as for `estimate`.
        gmacs_per_sample: of an own model, as for `estimate`.
        params_millions: as for `estimate`.
        activations_millions: as for `estimate`.
        measured: own measurements, as for `estimate`; they count for the machine bought as for the one rented.
        model_file: as for `estimate`.
        gpus: what may be rented, as for `estimate`; with `rent_usd_per_hour` the one GPU that price is for.
        gpu_counts: as for `estimate`.
        providers: as for `estimate`.
        regions: as for `estimate`.
        purchases: as for `estimate`.
        max_price_age_days: as for `estimate`.
        data_dir: as for `estimate`.
        as_of: as for `estimate`.
        jobs_per_month: runs of the workload a month.
        gpu_hours_per_month: without jobs: hours of use times GPUs; machine hours where `rent_usd_per_hour` is given
            without a workload.
        utilisation: without jobs: part of the month in use, 0 to 1; with jobs: the part that may be in use.
        rent_usd_per_hour: what a rented machine costs.
        condition: `new`, `used` or `refurbished`.
        card_usd: all cards of the machine together.
        host_usd: the rest of the machine; 0 for a PC that exists.
        card_watts: all cards under load.
        host_watts: the rest under load.
        idle_watts: the whole machine when it does not work.
        pue: energy of the building per energy of the machine, 1 or more.
        usd_per_kwh: price of electricity.
        country: country or US state that price and grid are taken of.
        running_usd_per_hour: instead of electricity.
        hosting_usd_per_month: rack, cooling, line.
        maintenance_fraction_per_year: of the purchase.
        staff_usd_per_month: people.
        resale_fraction: of the purchase at the end.
        resale_curve: `broker` or `trend`, without a fraction.
        discount_per_year: cost of money, 0.05 for 5 percent.
        months: horizon.
        language: of a language model, as for `estimate`.

    Raises:
        UsageError: an argument is out of range, a name is unknown, a GPU is not sold or has no known price.
        NothingLeftError: nothing can be rented that matches.
        NoThroughputError: nothing says how fast the workload runs on a machine.
    """
    today = as_of or current_day()
    options = OwnerOptions(
        condition=_named("condition", condition, [str(known) for known in Condition]),
        card_usd=card_usd,
        host_usd=host_usd,
        card_watts=card_watts,
        host_watts=host_watts,
        idle_watts=idle_watts,
        pue=pue,
        usd_per_kwh=usd_per_kwh,
        country=country,
        running_usd_per_hour=running_usd_per_hour,
        hosting_usd_per_month=hosting_usd_per_month,
        maintenance_fraction_per_year=maintenance_fraction_per_year,
        staff_usd_per_month=staff_usd_per_month,
        resale_fraction=resale_fraction,
        resale_curve=_named("resale curve", resale_curve, ["broker", "trend"]),
        discount_per_year=discount_per_year,
        months=float(months),
    )
    use = Use(jobs_per_month=jobs_per_month, gpu_hours_per_month=gpu_hours_per_month, utilisation=utilisation)
    check_options(options, use, rent_usd_per_hour)
    candidates, notes = candidates_of(listed(buy), listed(own))
    if card_usd is not None and sum(not candidate.is_owned_already for candidate in candidates) > 1:
        raise UsageError("--card-usd is the price of one machine: name one card with --buy, in full.")
    market = Market(
        gpus=tuple(gpus),
        gpu_counts=tuple(gpu_counts),
        providers=tuple(providers),
        regions=tuple(regions),
        purchases=tuple(purchases),
        max_price_age_days=max_price_age_days,
        data_dir=data_dir,
        as_of=as_of,
    )
    work_options = {
        "model": model,
        "epochs": epochs,
        "dataset": dataset,
        "samples_per_epoch": samples_per_epoch,
        "precision": precision,
        "batch_size": batch_size,
        "framework": framework,
        "sequence_length_or_image_size": sequence_length_or_image_size,
        "gmacs_per_sample": gmacs_per_sample,
        "params_millions": params_millions,
        "activations_millions": activations_millions,
        "measured": tuple(measured) or None,
        "model_file": model_file,
        **{name: value for name, value in language.items() if value is not None},
    }
    terms = BillTerms()
    workload, rental, work_notes = _rent_work(work_options, market, rent_usd_per_hour, candidates, terms)
    compared, not_compared = compared_machines(
        candidates,
        workload,
        rental,
        use,
        options=options,
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
        assumptions=(
            _use_text(best, use, workload),
            *best.rental.assumptions,
            *best.assumptions,
            *(() if workload is None else (work_text(workload),)),
        ),
        rent_assumptions=tuple(work_notes),
        notes=(*notes, *best.notes, *best.rental.notes, *_carbon_notes(best)),
    )


def _named(kind: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UnknownNameError(kind, name, known, "planner compare --help")
    return name


def _rent_work(
    work_options: dict[str, Any],
    market: Market,
    rent_usd_per_hour: float | None,
    candidates: Sequence[Candidate],
    terms: BillTerms,
) -> tuple[Workload | None, Rental | None, Sequence[str]]:
    """The workload and its rental; without a workload no rental yet, unless its price per hour is given."""
    said = {name: value for name, value in work_options.items() if value is not None}
    if not said.keys() & DESCRIBING:
        strange = [name for name in said if name != "precision"]
        if strange:
            option = strange[0].removeprefix("sequence_length_or_").replace("_", "-")
            raise UsageError(f"--{option} needs --model. Without a workload leave both out.")
        return None, None if rent_usd_per_hour is None else rent_hours_at(rent_usd_per_hour, terms), ()
    if rent_usd_per_hour is None:
        return rent_cheapest(said, market, terms)
    language = {name: said.pop(name) for name in LanguageArguments.__annotations__ if name in said}
    work = described_work(**said, language=language)
    first = candidates[0]
    fallback = (first.gpu, float(gpus_in(first.gpu, first.card_count)))
    rental = rent_at(rent_usd_per_hour, work.workload, market.gpus, fallback, terms)
    return work.workload, rental, (f"samples an epoch: {work.samples_source}",)


def _use_text(best: Owned, use: Use, workload: Workload | None) -> str:
    case = best.case
    part = case.hours_per_month / HOURS_PER_MONTH
    if workload is None:
        return f"use {case.hours_per_month:,.0f} h a month ({part:.0%}) [--gpu-hours-per-month --utilisation]"
    given = "--jobs-per-month" if use.jobs_per_month is not None else "--gpu-hours-per-month --utilisation"
    return f"use {case.jobs_per_month:,.3g} jobs a month = {case.hours_per_month:,.0f} h, {part:.0%} of the month [{given}]"


def _carbon_notes(best: Owned) -> list[str]:
    rental = best.rental
    if rental.cell is None:
        return ["energy of the rented machine is not known: only its price is given"]
    if rental.grid is None:
        return ["CO2 of renting is not known: the grid under it is not"]
    return []
