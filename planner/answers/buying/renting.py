"""The renting side of a comparison: the cost and energy of one run that is rented."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from planner.answers.buying.rented import LISTED_RENT, drift, gpu_watts, label_of, rent_text
from planner.answers.estimate import estimate
from planner.answers.throughput import predict_many
from planner.cost.bill import tax_item
from planner.cost.course import Timer
from planner.cost.own_prices import OWN
from planner.cost.rental import rental_items
from planner.errors import NoThroughputError, Sentence, UsageError
from planner.hardware.electricity import region_grid
from planner.hardware.gpus import choose_gpus
from planner.model.frozen import dataclass
from planner.model.records import Offer, Purchase, Workload
from planner.options.arguments import BillArguments
from planner.prices.catalog import USUAL_PURCHASES, purchase_kind
from planner.prices.current import current_snapshots
from planner.results.comparison import Rental
from planner.units import current_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The arguments about offers, prices and renting that a comparison hands to `estimate`."""

    gpus: tuple[str, ...] = ()
    gpu_counts: tuple[float, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    purchases: tuple[str, ...] = ()
    max_price_age_days: int | None = None
    price_book: Path | None = None
    data_dir: Path | None = None
    as_of: date | None = None
    basis: str | None = None
    nodes: int | None = None

    def __post_init__(self) -> None:
        """Refuse commitments: paid whether used or not, months of use at their hourly price would come out too cheap."""
        committed = [kind for kind in map(purchase_kind, self.purchases) if kind not in USUAL_PURCHASES]
        if committed:
            raise UsageError(
                "{purchases} {kind} is paid for its whole term, used or not; here rent is per hour of use. Give "
                "{rent_usd_per_hour}: its price divided by the part of the month you use it. Prices: planner prices list "
                "--purchase {kind}",
                argument="purchases",
                kind=committed[0],
            )


def rent_cheapest(
    work_options: Mapping[str, Any], market: Market, terms: BillArguments
) -> tuple[Workload, Rental, Sequence[str]]:
    """The workload, its cheapest rental among the matching offers, and the assumptions of the estimate."""
    is_in_file = (
        market.price_book is not None or "model_file" in work_options or Path(work_options.get("model", "")).exists()
    )
    if is_in_file:  # which may say something else the next time
        return _rent_cheapest(tuple(work_options.items()), market, terms)
    books = tuple(current_snapshots(market.data_dir, as_of=market.as_of))
    return _rent_again(tuple(work_options.items()), market, tuple(terms.items()), books, current_day())


@lru_cache(maxsize=64)
def _rent_again(
    work_options: tuple[tuple[str, Any], ...], market: Market, terms: tuple[tuple[str, Any], ...], *_: object
) -> tuple[Workload, Rental, Sequence[str]]:
    # whoever moves what owning costs asks for the same rental each time
    return _rent_cheapest(work_options, market, cast("BillArguments", dict(terms)))


def _rent_cheapest(
    work_options: tuple[tuple[str, Any], ...], market: Market, terms: BillArguments
) -> tuple[Workload, Rental, Sequence[str]]:
    result = estimate(
        **dict(work_options),
        **{field.name: getattr(market, field.name) for field in fields(market)},
        **terms,
    )
    best = result.estimates[0]
    offer = best.offer
    low, high = drift(offer)
    return (
        result.workload,
        Rental(
            label=label_of(offer),
            usd_per_job=best.usd,
            usd_per_hour=offer.usd_per_hour,
            seconds=best.seconds,
            seconds_low=best.seconds_low,
            seconds_high=best.seconds_high,
            items=best.items,
            factor_low=low,
            factor_high=high,
            throughput=best.throughput,
            cell=(offer.gpu, offer.gpu_count),
            estimate=best,
            offer=offer,
            watts=gpu_watts(offer.gpu, offer.gpu_count),
            grid=region_grid(offer.provider, offer.region),
            is_given=False,
            assumptions=(rent_text(offer, 1, len(result.estimates), result.as_of),),
            notes=tuple(note for note in best.notes if note not in best.throughput.notes),
        ),
        result.assumptions,
    )


def rent_at(
    usd_per_hour: float, workload: Workload, gpus: Sequence[str], fallback: tuple[str, float], terms: BillArguments
) -> Rental:
    """The rental of a workload at a given price per hour, on the GPU named, else on one like the owned machine's.

    Time, idle tail and tax are those of `estimate`, but for start-up and failures: the machine is taken to be there.
    Storage and traffic have no known price there.

    Raises:
        UsageError: the GPU named is more than one.
        NoThroughputError: nothing says how fast the workload runs there.
    """
    cell = _one_cell(gpus) if gpus else fallback
    throughput = predict_many(workload, [cell])[cell]
    if isinstance(throughput, NoThroughputError):
        raise type(throughput)(
            "{why} on {count:g}x {gpu}. Name what is rented with {gpus}.",
            argument="gpus",
            why=throughput,
            count=cell[1],
            gpu=cell[0],
        )
    there: BillArguments = {**terms, "without": tuple({*terms["without"], "start-up", "failures"})}
    courses = Timer(there, workload).courses(_machine(cell), throughput, workload.samples)
    if isinstance(courses, str):
        raise UsageError(f"The rented machine cannot do the work: {courses}.")
    hours_paid = rental_items(usd_per_hour, None, courses.middle.parts, idle_seconds=terms["idle_seconds"])
    items = hours_paid + tax_item(hours_paid, terms["tax_fraction"])
    what = f"{cell[1]:g}x {cell[0]}" + ("" if gpus else ", as fast as the machine bought (say what with {gpus})")
    return Rental(
        label=f"{cell[1]:g}x {cell[0]} at {usd_per_hour:,.2f} USD/h",
        usd_per_job=sum(item.usd for item in items),
        usd_per_hour=usd_per_hour,
        seconds=courses.middle.seconds,
        seconds_low=courses.low.seconds,
        seconds_high=courses.high.seconds,
        items=items,
        factor_low=LISTED_RENT[0],
        factor_high=LISTED_RENT[1],
        throughput=throughput,
        cell=cell,
        estimate=None,
        offer=None,
        watts=gpu_watts(*cell),
        grid=None,
        is_given=True,
        assumptions=(Sentence(f"rent {usd_per_hour:,.2f} USD/h as given, {what}"),),
        notes=(),
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
    choices = [choose_gpus(text) for text in gpus]
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
