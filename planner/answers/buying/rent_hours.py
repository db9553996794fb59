"""Rentals of plain hours, where no workload is known: at a given price, or on a machine like the one bought."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from planner.answers.buying.rented import LISTED_RENT, drift, gpu_watts, label_of, rent_text
from planner.answers.buying.renting import Market
from planner.answers.buying.ways_to_pay import COMMITMENTS, GIVEN, RENTED, WayAndMarket, named_offers, way_of
from planner.answers.offered import offered, own_prices
from planner.answers.regions import best_offer
from planner.cost.assumed import spot_assumption
from planner.cost.bill import tax_item
from planner.cost.course import Timer
from planner.cost.rental import rental_items
from planner.errors import NothingLeftError
from planner.hardware.access import access_to
from planner.hardware.electricity import region_grid
from planner.hardware.gpus import GpuChoice, shown_key
from planner.model.costs import CostItem, Interruptions, ItemKind, total_usd
from planner.model.frozen import changed
from planner.model.picks import NotPicked
from planner.model.records import Offer, Purchase
from planner.options.bill_arguments import BillArguments
from planner.prices.catalog import purchase_kind
from planner.prices.current import current_snapshots
from planner.prices.filters import OfferFilter
from planner.results.lines import whole_machines
from planner.results.sides import Rental
from planner.units import DAYS_PER_YEAR, HOURS_PER_MONTH, SECONDS_PER_HOUR


def rent_hours_at(usd_per_hour: float, terms: BillArguments, hours_per_month: float) -> Rental:
    """A rental of machine hours at a given price, with tax; nothing else is known of the machine."""
    hour = CostItem(
        name="machine hours", kind=ItemKind.TIME, quantity=1, unit="instance-hour", usd_per_unit=usd_per_hour
    )
    items = (hour, *tax_item((hour,), terms["tax_fraction"]))
    usd = total_usd(items)
    return Rental(
        way=GIVEN,
        market=GIVEN,
        label=f"a machine at {usd_per_hour:,.2f} USD/h",
        usd_per_job=usd,
        usd_per_month=usd * hours_per_month,
        usd_per_hour=usd_per_hour,
        seconds=SECONDS_PER_HOUR,
        seconds_low=SECONDS_PER_HOUR,
        seconds_high=SECONDS_PER_HOUR,
        items=items,
        factor_low=LISTED_RENT[0],
        factor_high=LISTED_RENT[1],
        is_given=True,
        assumptions=(f"rent {usd_per_hour:,.2f} USD/h as given, for as many hours as the owned machine works",),
    )


def rent_same(
    gpu: str,
    gpu_count: int,
    *,
    hours_per_month: float,
    busiest_hours: float,
    market: Market,
    today: date,
    terms: BillArguments,
    against: str | None = None,
) -> tuple[Rental, ...]:
    """The cheapest rentals of hours on a machine like the one that would be bought, one for each way to pay.

    Like it is a machine with that GPU and count. Where nobody rents one, it is as few whole machines as hold at least so
    many, with as few GPUs as possible. On spot an hour of work takes longer: interruptions cost what they cost `estimate`
    on average over a month of work. A commitment is paid every hour of the month.

    Args:
        gpu: canonical key.
        gpu_count: GPUs of the machine that would be bought.
        hours_per_month: hours it works in the average month.
        busiest_hours: the same of the busiest month: more than a month has are worked by several at once.
        market: filters and books that offers are taken from.
        today: the day that ages are counted from.
        terms: of these, what concerns interruptions, and tax.
        against: a machine that has a rental of its own, whatever the others cost: `PROVIDER:TYPE`.

    Raises:
        NothingLeftError: no offer has that GPU, or those that have it are interrupted all the time.
    """
    timer = Timer(terms, None)
    by_way: dict[tuple[str, str], list[Offer]] = {}
    every = _offers_of(gpu, market, today)  # with what other regions ask where that is far more
    for offer in every:
        by_way.setdefault(way_of(offer), []).append(offer)
    named = named_offers(tuple(every), against, lambda offer: offer)
    found = []
    for way, offers in [*by_way.items(), *((way_of(offer), [offer]) for offer in named)]:
        young = [offer for offer in offers if not _is_old(offer, today)]
        alike, machines = _alike(young or offers, gpu_count)
        if priced := _priced(alike, machines, timer):
            best = min(priced, key=_cheapest)
            found.append(
                _rental(
                    best,
                    way=way,
                    machines=machines,
                    count=len(alike),
                    gpu_count=gpu_count,
                    hours_per_month=hours_per_month,
                    sets=whole_machines(busiest_hours / HOURS_PER_MONTH),
                    timer=timer,
                    today=today,
                    elsewhere=every[best[1]],
                )
            )
    if not found:
        raise _nobody(gpu, timer)
    # the machine that is named may be the cheapest of its way
    return tuple({rental.label: rental for rental in found}.values())


def _nobody(gpu: str, timer: Timer) -> NothingLeftError:
    refusals = " ".join(f"{reason}. {text}" for reason, (_, text) in timer.refused.items())
    return NothingLeftError(
        f"Nobody rents {shown_key(gpu)} that gets work done: {refusals or 'only parts of one are offered.'}"
    )


def _priced(
    alike: Sequence[Offer], machines: int, timer: Timer
) -> list[tuple[tuple[CostItem, ...], Offer, Interruptions | None]]:
    """An hour of work on each of the offers that get any done, with the interruptions of a month."""
    return [
        (_hour(offer, machines, run, timer.terms), offer, run)
        for offer in alike
        if not isinstance(run := _month(timer, offer, machines), str)
    ]


def _rental(
    priced: tuple[tuple[CostItem, ...], Offer, Interruptions | None],
    *,
    way: WayAndMarket,
    machines: int,
    count: int,
    gpu_count: int,
    hours_per_month: float,
    sets: int,
    timer: Timer,
    today: date,
    elsewhere: float | None,
) -> Rental:
    items, offer, run = priced
    low, high = drift(offer)
    seconds = SECONDS_PER_HOUR if run is None else run.expected_seconds / HOURS_PER_MONTH
    hour = rent_hours_at(machines * offer.usd_per_hour, timer.terms, hours_per_month)
    usd = total_usd(items)
    paid = machines * sets if offer.purchase in COMMITMENTS else machines
    committed = usd * HOURS_PER_MONTH * sets if offer.purchase in COMMITMENTS else 0.0
    return changed(
        hour,
        way=way[0],
        market=way[1],
        mark=str(NotPicked.OLD_PRICE) if _is_old(offer, today) else None,
        label=label_of(offer, paid),
        usd_per_job=0.0 if committed else usd,
        usd_per_month=committed or usd * hours_per_month,
        usd_committed_per_month=committed,
        seconds=seconds,
        seconds_low=seconds,
        seconds_high=seconds,
        items=items,
        factor_low=1.0 if committed else low,
        factor_high=1.0 if committed else high,
        cell=(offer.gpu, machines * offer.gpu_count),
        offer=offer,
        service=None,
        watts=gpu_watts(offer.gpu, gpu_count),
        grid=region_grid(offer.provider, offer.region),
        is_given=False,
        assumptions=(
            rent_text(offer, paid, count, today),
            *((spot_assumption(timer),) if offer.purchase is Purchase.SPOT else ()),
        ),
        notes=_more_than_bought(offer, machines, gpu_count),
        usd_per_hour_elsewhere=elsewhere,
    )


def _offers_of(gpu: str, market: Market, today: date) -> dict[Offer, float | None]:
    """The cheapest offer of each group with that GPU that an ordinary account can rent, in the region that stands for it.

    The others take the same time. Each has what the next region asks an hour where that is far more.
    """
    wanted = OfferFilter(
        gpus=(GpuChoice(text=gpu, gpus=(gpu,), count=None),),
        providers=market.providers,
        regions=market.regions,
        purchases=tuple(purchase_kind(text) for text in market.purchases) or RENTED,
        instances=market.instances,
        max_price_age_days=market.max_price_age_days,
        is_strict=market.strict,
    )
    snapshots = current_snapshots(market.data_dir, as_of=market.as_of)
    own = own_prices(market.price_book, snapshots, today)
    try:
        found = offered(snapshots, wanted, own, today=today)
    except NothingLeftError as error:
        raise NothingLeftError(
            "Nobody rents {gpu}: {why} Give what you would pay with {rent_usd_per_hour}.",
            argument="rent_usd_per_hour",
            gpu=shown_key(gpu),
            why=error,
        ) from error
    groups = [group.members() for group in found.groups]
    is_open = [[offer for offer in group if market.regions or not _is_closed(offer)] for group in groups]
    best = [best_offer(group, group[0], found.region_sizes) for group in is_open if group]
    best = best or [best_offer(group, group[0], found.region_sizes) for group in groups]
    return {offer: elsewhere for offer, _, elsewhere in best}


def _is_closed(offer: Offer) -> bool:
    return access_to(offer.provider, offer.region).is_closed


def _is_old(offer: Offer, today: date) -> bool:
    return (today - offer.observed_on).days > DAYS_PER_YEAR


def _alike(offers: Sequence[Offer], gpu_count: int) -> tuple[list[Offer], int]:
    """The offers whose machines hold exactly so many GPUs together, and the number of machines; none if only parts are rented.

    One machine of the count, else as few machines as possible, and of those that need as few the smallest. A part of a
    GPU is no machine with one.
    """

    def needed(offer: Offer) -> tuple[int, float]:
        machines = math.ceil(gpu_count / offer.gpu_count)
        return machines, machines * offer.gpu_count

    whole = [offer for offer in offers if offer.gpu_count >= 1]
    fewest = min(map(needed, whole), default=(1, 0.0))
    return [offer for offer in whole if needed(offer) == fewest], fewest[0]


def _month(timer: Timer, offer: Offer, machines: int) -> Interruptions | str | None:
    """The interruptions of a month of work on so many spot machines; `None` if there are none, a text if it cannot be done.

    On demand an hour is an hour, as it is on the machine that would be bought: checkpoints that are written count on neither.
    """
    rate = timer.rate(offer, 1.0, machines) if offer.purchase is Purchase.SPOT else None
    if rate is None:
        return None
    start_seconds = math.fsum(seconds for _, seconds in timer.start_parts(offer, machines))
    restart_seconds = timer.restart_seconds(machines, start_seconds)
    return timer.run(HOURS_PER_MONTH * SECONDS_PER_HOUR, rate.per_hour, machines, restart_seconds)


def _hour(offer: Offer, machines: int, run: Interruptions | None, terms: BillArguments) -> tuple[CostItem, ...]:
    """The bill of one hour of work: the hour, its share of the month's interruptions, and tax."""
    parts: list[tuple[str, float]] = [("machine hours", SECONDS_PER_HOUR)]
    if run is not None:
        parts += [
            (name, seconds / HOURS_PER_MONTH)
            for name, seconds in (
                ("checkpoints", run.checkpointing_seconds),
                ("work done twice", run.lost_seconds),
                ("restarts", run.restarting_seconds),
            )
        ]
    items = rental_items(offer.usd_per_hour, None, parts, node_count=machines)
    return items + tax_item(items, terms["tax_fraction"])


def _cheapest(priced: tuple[tuple[CostItem, ...], Offer, Interruptions | None]) -> tuple[float, str, str, str]:
    items, offer, _ = priced
    return total_usd(items), offer.provider, offer.region, offer.instance_type


def _more_than_bought(offer: Offer, machines: int, gpu_count: int) -> tuple[str, ...]:
    if machines * offer.gpu_count == gpu_count and machines == 1:
        return ()
    what = "machine is" if machines == 1 else "machines are"
    return (
        f"nobody rents a machine of {gpu_count}x {offer.gpu} there: {machines} whole {what} paid, "
        f"{machines * offer.gpu_count:g} GPUs in all",
    )
