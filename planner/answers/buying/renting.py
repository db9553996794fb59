"""The renting side of a comparison: the cost and energy of one run that is rented."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from planner.answers.buying.rented import LISTED_RENT, drift, gpu_watts, label_of, rent_text
from planner.answers.buying.speed import speed_on
from planner.answers.buying.ways_to_pay import COMMITMENTS, GIVEN, RENTED, WayAndMarket, named_offers, way_of
from planner.answers.chosen import Candidate, Candidates
from planner.answers.question import question_from
from planner.answers.ranking import Priced
from planner.answers.regions import Region, best_region
from planner.answers.remarks import assumptions
from planner.answers.ways import Ways, all_ways
from planner.cost.bill import tax_item
from planner.cost.course import Timer
from planner.cost.own_prices import OWN
from planner.cost.rental import rental_items
from planner.errors import Message, Sentence, UsageError
from planner.hardware.electricity import region_grid
from planner.hardware.processors import choose_gpus_only, device_count_text
from planner.model.costs import total_usd
from planner.model.frozen import dataclass, values_of
from planner.model.picks import NotPicked
from planner.model.records import Estimate, Offer, Purchase, Workload
from planner.options.arguments import Usual
from planner.options.bill_arguments import BillArguments
from planner.paths import is_there
from planner.prices.catalog import purchase_kind
from planner.prices.current import current_snapshots
from planner.results.lines import whole_machines
from planner.results.sides import Rental
from planner.units import DAYS_PER_YEAR, HOURS_PER_MONTH, current_day, hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The arguments about offers, prices and renting that a comparison hands to `estimate`."""

    gpus: tuple[str, ...] = ()
    gpu_counts: tuple[float, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    purchases: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    max_price_age_days: int | None = None
    price_book: Path | None = None
    data_dir: Path | None = None
    as_of: date | None = None
    strict: bool = False
    basis: str | None = None
    nodes: int | None = None

    def __post_init__(self) -> None:
        """Refuse kinds of purchase that are sold for days: they cannot pay for months of work."""
        for kind in map(purchase_kind, self.purchases):
            if kind not in RENTED:
                raise UsageError(
                    "{purchases} {kind} is sold for days or weeks and cannot pay for months of work. Leave it out.",
                    argument="purchases",
                    kind=kind,
                )

    @property
    def most_age_days(self) -> int | None:
        """The age that a price may have at most: a year, unless somebody says another; `None`: any."""
        return DAYS_PER_YEAR if isinstance(self.max_price_age_days, Usual) else self.max_price_age_days


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RentedWork:
    """Every way to rent for the work, and the rows that may be taken by the way to pay."""

    ways: Ways
    by_way: Mapping[WayAndMarket, Sequence[Candidate]]


def rented_work(work_options: Mapping[str, Any], market: Market, terms: BillArguments) -> RentedWork:
    """Every way to rent for the work, a commitment at what the run uses of it.

    Raises:
        NothingLeftError: nothing that passes the filters can do the work.
    """
    is_named_file = is_there(Path(work_options.get("model", "")))
    is_in_file = market.price_book is not None or "model_file" in work_options or is_named_file
    if is_in_file:  # which may say something else the next time
        return _rented_work(tuple(work_options.items()), market, tuple(terms.items()))
    books = tuple(current_snapshots(market.data_dir, as_of=market.as_of))
    return _rented_again(tuple(work_options.items()), market, tuple(terms.items()), books, current_day())


@lru_cache(maxsize=64)
def _rented_again(
    work_options: tuple[tuple[str, Any], ...], market: Market, terms: tuple[tuple[str, Any], ...], *_: object
) -> RentedWork:
    # whoever moves what owning costs asks for the same rentals each time
    return _rented_work(work_options, market, terms)


def _rented_work(
    work_options: tuple[tuple[str, Any], ...], market: Market, terms: tuple[tuple[str, Any], ...]
) -> RentedWork:
    options = {
        **dict(work_options),
        **values_of(market),
        "purchases": market.purchases or tuple(map(str, RENTED)),
        **dict(terms),
        "share_commitment": True,  # what the term costs is counted by the month, not by the run
    }
    ways = all_ways([question_from(options)])
    candidates = Candidates(ways.groups)
    by_way = _by_way(candidates.young)
    # old prices stand only for ways to pay without any row that nothing bars
    has_free = {way for way, rows in by_way.items() if any(one.reason is None for one in rows)}
    for way, rows in _by_way(candidates.old(lambda offer: way_of(offer) not in has_free)).items():
        by_way.setdefault(way, []).extend(rows)
    return RentedWork(ways=ways, by_way=by_way)


def _by_way(candidates: Iterable[Candidate]) -> dict[WayAndMarket, list[Candidate]]:
    found: dict[WayAndMarket, list[Candidate]] = {}
    for one in candidates:
        found.setdefault(way_of(one.priced.offer), []).append(one)
    return found


def rent_work(
    work: RentedWork, jobs_per_month: float, busiest_jobs: float, against: str | None, tax_fraction: float
) -> tuple[tuple[Rental, ...], Sequence[str]]:
    """The cheapest rental of each way to pay for so many runs a month, the machine named in `against`, and what they assume.

    A commitment is for as many machines as the busiest month fills. Of a way rows that price or range bars are taken only
    where it has no others, and marked.
    """

    def usd(priced: Priced) -> float:
        if priced.offer.purchase in COMMITMENTS:
            return _committed_usd(priced, busiest_jobs, tax_fraction)
        return jobs_per_month * priced.usd

    chosen: list[tuple[Priced, NotPicked | None, int]] = []
    for rows in work.by_way.values():
        by_money = sorted(rows, key=lambda one: usd(one.priced))
        best = next((one for one in by_money if one.reason is None), by_money[0])
        chosen.append((best.priced, best.reason, len(rows)))
    if against is not None and ":" in against:
        named = named_offers(work.ways.found, against, lambda one: one.offer)
        chosen += [(min(named, key=usd), None, len(named))] if named else []
    if not chosen:
        chosen = [(work.ways.found[0], None, len(work.ways.found))]
    question, pricing = work.ways.question, work.ways.groups[0][0]
    rentals = []
    for cheapest, mark, count in chosen:
        region = best_region(pricing, cheapest)
        machines = _machines(region.row, busiest_jobs)
        rentals.append(_rental(region, usd(region.row), mark, machines=machines, count=count, today=question.today))
    estimates = [cast("Estimate", rental.estimate) for rental in rentals]
    work_of = question.work
    return tuple(rentals), assumptions(
        work_of.workload, work_of.samples_source, estimates, question.wanted, pricing.biller
    )


def _committed_usd(priced: Priced, busiest_jobs: float, tax_fraction: float) -> float:
    """A month of a commitment: every hour of as many machines as the busiest month fills."""
    machines = _machines(priced, busiest_jobs) * priced.node_count
    return machines * priced.offer.usd_per_hour * HOURS_PER_MONTH * (1 + tax_fraction)


def _machines(priced: Priced, busiest_jobs: float) -> int:
    """Machines that a commitment is made for, each with its own runs; 1 of what is paid by use."""
    if priced.offer.purchase not in COMMITMENTS:
        return 1
    return whole_machines(busiest_jobs * hours(priced.seconds) / HOURS_PER_MONTH)


def _rental(
    region: Region, usd_per_month: float, mark: NotPicked | None, *, machines: int, count: int, today: date
) -> Rental:
    best = region.row.write(rank=0, is_pareto=False)
    offer = best.offer
    low, high = drift(offer)
    way, market = way_of(offer)
    is_committed = offer.purchase in COMMITMENTS
    return Rental(
        way=way,
        market=market,
        mark=None if mark is None else str(mark),
        label=label_of(offer, best.node_count * machines),
        usd_per_job=0.0 if is_committed else best.usd,
        usd_per_month=usd_per_month,
        usd_committed_per_month=usd_per_month if is_committed else 0.0,
        usd_per_hour=offer.usd_per_hour,
        seconds=best.seconds,
        seconds_low=best.seconds_low,
        seconds_high=best.seconds_high,
        items=best.items,
        factor_low=1.0 if is_committed else low,
        factor_high=1.0 if is_committed else high,
        throughput=best.throughput,
        cell=(offer.gpu, offer.gpu_count),
        estimate=best,
        offer=offer,
        usd_per_hour_elsewhere=region.usd_per_hour_elsewhere,
        watts=gpu_watts(offer.gpu, offer.gpu_count),
        grid=region_grid(offer.provider, offer.region),
        assumptions=(rent_text(offer, best.node_count * machines, count, today),),
        notes=tuple(note for note in best.notes if note not in best.throughput.notes),
    )


def rent_at(
    usd_per_hour: float,
    workload: Workload,
    jobs_per_month: float,
    *,
    gpus: Sequence[str],
    fallback: tuple[str, float],
    terms: BillArguments,
) -> Rental:
    """The rental of a workload at a given price per hour, on the GPU named, else on one like the owned machine's.

    Time, idle tail and tax are those of `estimate`, but for start-up and failures: the machine is taken to be there.
    Storage and traffic have no known price there.

    Raises:
        UsageError: the GPU named is more than one.
        NoThroughputError: nothing says how fast the workload runs there.
    """
    cell = _one_cell(gpus) if gpus else fallback
    machine = device_count_text(*cell)
    throughput = speed_on(workload, cell, argument="gpus", instead=Message("Name what is rented with {gpus}."))
    there: BillArguments = {**terms, "without": tuple({*terms["without"], "start-up", "failures"})}
    courses = Timer(there, workload).courses(_machine(cell), throughput, workload.samples)
    if isinstance(courses, str):
        raise UsageError(f"The rented machine cannot do the work: {courses}.")
    hours_paid = rental_items(usd_per_hour, None, courses.middle.parts, idle_seconds=terms["idle_seconds"])
    items = hours_paid + tax_item(hours_paid, terms["tax_fraction"])
    what = machine + ("" if gpus else ", as fast as the machine bought (say what with {gpus})")
    usd = total_usd(items)
    return Rental(
        way=GIVEN,
        market=GIVEN,
        label=f"{machine} at {usd_per_hour:,.2f} USD/h",
        usd_per_job=usd,
        usd_per_month=usd * jobs_per_month,
        usd_per_hour=usd_per_hour,
        seconds=courses.middle.seconds,
        seconds_low=courses.low.seconds,
        seconds_high=courses.high.seconds,
        items=items,
        factor_low=LISTED_RENT[0],
        factor_high=LISTED_RENT[1],
        throughput=throughput,
        cell=cell,
        watts=gpu_watts(*cell),
        is_given=True,
        assumptions=(Sentence(f"rent {usd_per_hour:,.2f} USD/h as given, {what}"),),
    )


def work_text(workload: Workload) -> str:
    """One line that says how much work one run is."""
    precision = workload.precision or "best precision"
    if workload.language is not None:
        how = f"{workload.language.job.method}, {precision}, stack {workload.language.stack}"
        return Sentence(
            "job {samples:,.0f} tokens, {how} [{tokens} {method} {precision} {stack}]",
            samples=workload.samples,
            how=how,
        )
    return Sentence(
        "job {samples:,.0f} {unit}s, {which} [{epochs} {dataset} {precision}]",
        samples=workload.samples,
        unit=workload.model.sample_unit,
        which=precision,
    )


def _one_cell(gpus: Sequence[str]) -> tuple[str, float]:
    choices = [
        choose_gpus_only(text, "Only machines with GPUs are rented here at a price of your own.") for text in gpus
    ]
    keys = sorted(set(itertools.chain.from_iterable(choice.gpus for choice in choices)))
    if len(keys) != 1 or len(choices) != 1:
        raise UsageError(
            "With {rent_usd_per_hour} name one GPU with {gpus}, not {given}.",
            argument="rent_usd_per_hour",
            given=", ".join(keys),
        )
    return keys[0], choices[0].count or 1.0


def _machine(cell: tuple[str, float]) -> Offer:
    """An offer of which only the GPUs matter, to ask how long work takes on them; its price is never used."""
    return Offer(
        provider=OWN,
        instance_type=OWN,
        region=OWN,
        zone=None,
        gpu=cell[0],
        gpu_count=cell[1],
        vcpus=None,
        memory_gib=None,
        purchase=Purchase.ON_DEMAND,
        usd_per_hour=1.0,
        observed_on=current_day(),
        source="the rate given",
    )
