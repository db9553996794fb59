"""The renting side of a comparison: what a job costs and uses where it is rented."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from planner.answers.estimate import estimate
from planner.answers.throughput import predict_many
from planner.errors import NothingLeftError, NoThroughputError, UsageError
from planner.hardware.electricity import region_grid
from planner.hardware.gpus import GpuChoice, choose_gpus, load_gpus
from planner.hardware.hosts import BASEBOARD, SERVER, load_hosts
from planner.hardware.machines import LOAD_FRACTION
from planner.model.costs import CostItem, ItemKind
from planner.model.records import Offer, Purchase, Workload
from planner.prices.catalog import USUAL_PURCHASES, OfferFilter, purchase_kind, select_offers
from planner.prices.current import current_snapshots
from planner.results.comparison import Rental
from planner.units import SECONDS_PER_HOUR, current_day, hours

CLOUD_PUE = 1.15
"""Energy of a large cloud's building per energy of its machines: they state about 1.1 to 1.2."""

LISTED_RENT = (0.7, 1.3)
"""How far a listed price may move over a horizon of years, as factors: an assumption. In the shipped books of 2023 to 2026
most list prices stood still, but the H100 at AWS fell by 44 percent between 3 June 2025 and 21 January 2026."""

SPOT_RENT = (0.46, 1.53)
"""The same for spot: one spot price in ten fell below and one in ten rose above these factors between the shipped GCP books of
3 February 2025 and 15 June 2026 (284 offers in both)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Which offers count, as the estimate takes them."""

    gpus: tuple[str, ...] = ()
    gpu_counts: tuple[float, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    purchases: tuple[str, ...] = ()
    max_price_age_days: int | None = None
    data_dir: Path | None = None
    as_of: date | None = None

    def __post_init__(self) -> None:
        """Refuse what is paid whether it is used or not: months of use at its price per hour would come out too cheap."""
        committed = [kind for kind in map(purchase_kind, self.purchases) if kind not in USUAL_PURCHASES]
        if committed:
            raise UsageError(
                f"--purchase {committed[0]} is paid for its whole term, used or not; here rent is per hour of use. Give "
                "--rent-usd-per-hour: its price divided by the part of the month you use it. Prices: planner prices list "
                f"--purchase {committed[0]}"
            )


def rent_cheapest(work_options: Mapping[str, Any], market: Market) -> tuple[Workload, Rental, Sequence[str]]:
    """The workload, its cheapest rental among the matching offers, and what the estimate assumes."""
    is_in_file = "model_file" in work_options or Path(work_options.get("model", "")).exists()
    if is_in_file:  # which may say something else the next time
        return _rent_cheapest(tuple(work_options.items()), market)
    books = tuple(current_snapshots(market.data_dir, as_of=market.as_of))
    return _rent_again(tuple(work_options.items()), market, books, current_day())


@lru_cache(maxsize=64)
def _rent_again(
    work_options: tuple[tuple[str, Any], ...], market: Market, *_: object
) -> tuple[Workload, Rental, Sequence[str]]:
    # whoever moves what owning costs asks for the same rental each time
    return _rent_cheapest(work_options, market)


def _rent_cheapest(work_options: tuple[tuple[str, Any], ...], market: Market) -> tuple[Workload, Rental, Sequence[str]]:
    result = estimate(**dict(work_options), **{field.name: getattr(market, field.name) for field in fields(market)})
    best = result.estimates[0]
    offer = best.offer
    age = (result.as_of - offer.observed_on).days
    low, high = _drift(offer)
    return (
        result.workload,
        Rental(
            label=_label(offer),
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
            watts=_watts(offer),
            grid=region_grid(offer.provider, offer.region),
            is_given=False,
            assumptions=(
                f"rent {offer.usd_per_hour:,.2f} USD/h {offer.purchase}, {age} days old, cheapest of "
                f"{len(result.estimates):,} [--rent-usd-per-hour]",
            ),
            notes=tuple(note for note in best.notes if note not in best.throughput.notes),
        ),
        result.assumptions,
    )


def rent_at(usd_per_hour: float, workload: Workload, gpus: Sequence[str], fallback: tuple[str, float]) -> Rental:
    """The workload at a given price per hour of a machine: of the GPU named, else one as fast as the owned machine.

    Raises:
        UsageError: the GPU named is more than one.
        NoThroughputError: nothing says how fast the workload runs there.
    """
    cell = _one_cell(gpus) if gpus else fallback
    throughput = predict_many(workload, [cell])[cell]
    if isinstance(throughput, NoThroughputError):
        raise NoThroughputError(f"{throughput} on {cell[1]:g}x {cell[0]}. Name what is rented with --gpu.")
    seconds = workload.samples / throughput.samples_per_second
    what = f"{cell[1]:g}x {cell[0]}" + ("" if gpus else ", as fast as the machine bought (say what with --gpu)")
    return Rental(
        label=f"{cell[1]:g}x {cell[0]} at {usd_per_hour:,.2f} USD/h",
        usd_per_job=usd_per_hour * hours(seconds),
        usd_per_hour=usd_per_hour,
        seconds=seconds,
        seconds_low=workload.samples / throughput.high,
        seconds_high=workload.samples / throughput.low,
        items=(
            CostItem(
                name="training",
                kind=ItemKind.TIME,
                quantity=hours(seconds),
                unit="instance-hour",
                usd_per_unit=usd_per_hour,
            ),
        ),
        factor_low=LISTED_RENT[0],
        factor_high=LISTED_RENT[1],
        throughput=throughput,
        cell=cell,
        estimate=None,
        offer=None,
        watts=_gpu_watts(*cell),
        grid=None,
        is_given=True,
        assumptions=(f"rent {usd_per_hour:,.2f} USD/h as given, {what}",),
        notes=(),
    )


def rent_hours_at(usd_per_hour: float) -> Rental:
    """Machine hours at a given price; nothing else is known of the machine."""
    return Rental(
        label=f"a machine at {usd_per_hour:,.2f} USD/h",
        usd_per_job=usd_per_hour,
        usd_per_hour=usd_per_hour,
        seconds=SECONDS_PER_HOUR,
        seconds_low=SECONDS_PER_HOUR,
        seconds_high=SECONDS_PER_HOUR,
        items=(
            CostItem(
                name="machine hours", kind=ItemKind.TIME, quantity=1, unit="instance-hour", usd_per_unit=usd_per_hour
            ),
        ),
        factor_low=LISTED_RENT[0],
        factor_high=LISTED_RENT[1],
        throughput=None,
        cell=None,
        estimate=None,
        offer=None,
        watts=None,
        grid=None,
        is_given=True,
        assumptions=(f"rent {usd_per_hour:,.2f} USD/h as given, for as many hours as the owned machine works",),
        notes=(),
    )


def rent_same(
    gpu: str,
    gpu_count: int,
    *,
    market: Market,
    today: date,
) -> Rental:
    """Machine hours on the same GPUs, at the lowest price per GPU hour that an offer has for them.

    Args:
        gpu: canonical key.
        gpu_count: GPUs of the machine that would be bought.
        market: filters and books that offers are taken from.
        today: the day that ages are counted from.

    Raises:
        NothingLeftError: no offer has that GPU.
    """
    wanted = OfferFilter(
        gpus=(GpuChoice(text=gpu, gpus=(gpu,), count=None),),
        providers=market.providers,
        regions=market.regions,
        purchases=tuple(purchase_kind(text) for text in market.purchases) or USUAL_PURCHASES,
        max_price_age_days=market.max_price_age_days,
    )
    try:
        offers = select_offers(current_snapshots(market.data_dir, as_of=market.as_of), wanted, today=today).offers
    except NothingLeftError as error:
        raise NothingLeftError(
            "Nobody rents {gpu}: {why} Give what you would pay with {rent_usd_per_hour}.",
            argument="rent_usd_per_hour",
            gpu=gpu,
            why=error,
        ) from error
    offer = min(offers, key=lambda offer: (offer.usd_per_gpu_hour, offer.provider, offer.region, offer.instance_type))
    usd_per_hour = offer.usd_per_gpu_hour * gpu_count
    age = (today - offer.observed_on).days
    low, high = _drift(offer)
    return replace(
        rent_hours_at(usd_per_hour),
        label=f"{gpu_count}x {offer.gpu}, {offer.provider} {offer.zone or offer.region}",
        factor_low=low,
        factor_high=high,
        cell=(gpu, float(gpu_count)),
        offer=offer,
        watts=_gpu_watts(gpu, gpu_count),
        grid=region_grid(offer.provider, offer.region),
        is_given=False,
        assumptions=(
            f"rent {offer.usd_per_gpu_hour:,.2f} USD/GPU-h {offer.purchase}, {age} days old, cheapest of {len(offers):,} "
            "[--rent-usd-per-hour]",
        ),
    )


def work_text(workload: Workload) -> str:
    """How much work a job is, in one line."""
    precision = workload.precision or "best precision"
    if workload.language is not None:
        how = f"{workload.language.job.method}, {precision}, stack {workload.language.stack}"
        return f"job {workload.samples:,.0f} tokens, {how} [--tokens --method --precision --stack]"
    return f"job {workload.samples:,.0f} {workload.model.sample_unit}s, {precision} [--epochs --dataset --precision]"


def _drift(offer: Offer) -> tuple[float, float]:
    return SPOT_RENT if offer.purchase is Purchase.SPOT else LISTED_RENT


def _one_cell(gpus: Sequence[str]) -> tuple[str, float]:
    choices = [choose_gpus(text) for text in gpus]
    keys = sorted(set(itertools.chain.from_iterable(choice.gpus for choice in choices)))
    if len(keys) != 1 or len(choices) != 1:
        raise UsageError(f"With --rent-usd-per-hour name one GPU with --gpu, not {', '.join(keys)}.")
    return keys[0], choices[0].count or 1.0


def _label(offer: Offer) -> str:
    return f"{offer.gpu_count:g}x {offer.gpu}, {offer.provider} {offer.zone or offer.region}"


def _watts(offer: Offer) -> float | None:
    return _gpu_watts(offer.gpu, offer.gpu_count)


def _gpu_watts(gpu: str, gpu_count: float) -> float | None:
    """Watts of rented GPUs under load with their share of a server for eight, and the building."""
    spec = load_gpus()[gpu]
    kind = SERVER if spec.form_factor == "pcie" else BASEBOARD
    host = next((host for host in load_hosts() if host.kind == kind and host.gpu_count == 8), None)
    if spec.tdp_watts is None or host is None or host.load_watts is None:
        return None
    return gpu_count * (spec.tdp_watts * LOAD_FRACTION + host.load_watts / host.gpu_count) * CLOUD_PUE
