"""The whole chain behind one estimate: every number with its formula, source and date."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from planner.cost.bill import items_at, percentile
from planner.cost.rental import billing_rule
from planner.cost.startup import startup_times
from planner.errors import UsageError
from planner.hardware.processors import device_count_text
from planner.model.costs import Interruptions, ItemKind, total_usd
from planner.model.records import Estimate, Offer
from planner.model.tree_runs import pass_name
from planner.prices.drift import TAIL, PriceClass, PriceDrift, is_flagship, price_drift, price_range
from planner.render.listing import one_line
from planner.results.estimate import EstimateResult
from planner.results.words import basis_text
from planner.units import SECONDS_PER_HOUR, epochs_text, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency


def explanation(result: EstimateResult, rank: int, currency: Currency | None = None) -> str:
    """A text that derives the estimate of that rank step by step; the sum also in `currency`.

    Raises:
        UsageError: there is no such rank.
    """
    for estimate in result.estimates:
        if estimate.rank == rank:
            return _text(result, estimate, f"Rank {rank}", currency)
    raise UsageError(
        "{explain} {given}: there are ranks 1 to {last}.", argument="explain", given=rank, last=len(result.estimates)
    )


def pick_explanation(result: EstimateResult, number: int, currency: Currency | None = None) -> str:
    """A text that derives the row of that number on the first screen.

    Raises:
        UsageError: there is no such row.
    """
    picks = () if result.picked is None else result.picked.picks
    for pick in picks:
        if pick.number == number:
            return _text(result, pick.estimate, f"Row {number}, {pick.kind}", currency)
    raise UsageError(
        "{explain} {given}: the screen has rows 1 to {last}. Ranks of all rows count with {limit}, {sort} or {every_offer}.",
        argument="explain",
        given=number,
        last=len(picks),
    )


def _text(result: EstimateResult, estimate: Estimate, title: str, currency: Currency | None) -> str:
    lines = map(one_line, (*_lines(result, estimate, title), *_in_currency(estimate, currency)))
    return "\n".join(lines) + "\n"


def _in_currency(estimate: Estimate, currency: Currency | None) -> Iterator[str]:
    if currency is not None:
        low, middle, high = (usd * currency.per_usd for usd in (estimate.usd_low, estimate.usd, estimate.usd_high))
        yield from _section(
            "Currency",
            iter(
                (
                    f"{middle:,.2f} {currency.code} ({low:,.2f} to {high:,.2f}) at {currency.per_usd:.6g} "
                    f"{currency.code} per USD of {currency.as_of}; {currency.source}",
                )
            ),
        )


def _lines(result: EstimateResult, estimate: Estimate, title: str) -> Iterator[str]:
    offer = estimate.offer
    place = f"{offer.region}, zone {offer.zone}" if offer.zone else offer.region
    nodes = f"{estimate.node_count} nodes of " if estimate.node_count > 1 else ""
    yield f"{title}: {nodes}{device_count_text(offer.gpu, offer.gpu_count, ' x ')}, {offer.provider} {offer.instance_type}, {place}, {offer.purchase}"
    yield from _section("Work", _work(result))
    yield from _section("Throughput", _throughput(result, estimate))
    yield from _section("Time", _time(result, estimate))
    if estimate.interruptions is not None:
        yield from _section("Interruptions", _interruptions(estimate, estimate.interruptions))
    yield from _section("Price", _price(result, estimate))
    yield from _section("Cost", _cost(result, estimate))
    if estimate.notes:
        yield from _section("Notes", iter(estimate.notes))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from (f"  {line}" for line in lines)


def _work(result: EstimateResult) -> Iterator[str]:
    workload = result.workload
    unit = workload.model.sample_unit
    yield f"{workload.samples_per_epoch:,.0f} {unit}s/{pass_name(workload.trees)} x {epochs_text(workload.epochs, pass_name(workload.trees))} = {workload.samples:,.0f} {unit}s"
    yield f"{unit}s per epoch: {workload.dataset or 'own figure'}; {result.samples_source}"
    yield f"model: {workload.model.name}; {workload.model.source}"


def _throughput(result: EstimateResult, estimate: Estimate) -> Iterator[str]:
    throughput = estimate.throughput
    unit = result.workload.model.sample_unit
    yield (
        f"{throughput.samples_per_second:,.2f} {unit}s/s ({throughput.low:,.2f} to {throughput.high:,.2f}), "
        f"{basis_text(throughput.basis)}, {throughput.precision}, {throughput.stack}"
    )
    yield from throughput.steps
    yield from (f"source: {source}" for source in throughput.sources)


def _time(result: EstimateResult, estimate: Estimate) -> Iterator[str]:
    samples, speed = result.workload.samples, estimate.throughput.samples_per_second
    yield f"{samples:,.0f} / {speed:,.2f} per s = {samples / speed:,.0f} s training"
    parts = [item for item in estimate.items if item.kind is ItemKind.TIME]
    seconds = (f"{item.quantity * SECONDS_PER_HOUR / estimate.node_count:,.0f} s {item.name}" for item in parts)
    yield (
        f"{' + '.join(seconds)} = {estimate.seconds:,.0f} s = {hours(estimate.seconds):,.3f} h"
        f" ({hours(estimate.seconds_low):,.3f} to {hours(estimate.seconds_high):,.3f} h)"
    )
    what = "several machines" if estimate.node_count > 1 else "one machine"
    for one in startup_times():
        if one.what == what and one.low is not None and any(item.name == "start-up" for item in parts):
            span = f"{one.low:,.0f}" if one.low == one.high else f"{one.low:,.0f} to {one.high:,.0f}"
            yield f"published starts: {span} s on {one.scale} ({one.note}; {one.source})"


def _interruptions(estimate: Estimate, run: Interruptions) -> Iterator[str]:
    yield f"{run.per_hour:.3g} per hour of the run: {estimate.basis_of_interruptions}"
    if run.has_checkpoints:
        yield (
            f"{run.segments} pieces of {run.interval_seconds:,.0f} s of work, each with a checkpoint of "
            f"{run.checkpoint_seconds:.3g} s; a restart takes {run.restart_seconds:.3g} s"
        )
    else:
        yield f"no checkpoints: each interruption starts from the beginning; a restart takes {run.restart_seconds:.3g} s"
    yield (
        f"expected: {_count(run.count)} interruptions, {run.lost_seconds:,.0f} s of work done twice, "
        f"{run.restarting_seconds:,.0f} s of restarts, {run.checkpointing_seconds:,.0f} s of checkpoints"
    )
    seconds, usd = percentile(estimate)
    yield f"nine in ten such runs end within {hours(seconds):,.3f} h and {usd:,.2f} USD"


def _price(result: EstimateResult, estimate: Estimate) -> Iterator[str]:
    offer = estimate.offer
    age = (result.as_of - offer.observed_on).days
    yield (
        f"{offer.usd_per_hour:g} USD/h for the whole instance = {offer.usd_per_gpu_hour:.4f} USD per GPU and hour, "
        f"{offer.purchase}"
    )
    yield f"observed on {offer.observed_on} ({age} days before {result.as_of}); {offer.source}"
    if offer.usd_per_hour == offer.usd_per_hour_cheapest and offer.offers_count is None:
        yield "the cheapest offer listed: what the others ask is not known"
    yield from _today(estimate, result.as_of)


def _today(estimate: Estimate, day: date) -> Iterator[str]:
    """What the age of the price says of that of the day, and what it is learnt from."""
    age_days = (day - estimate.offer.observed_on).days
    offer, low, high = estimate.offer, estimate.usd_per_hour_low, estimate.usd_per_hour_high
    if offer.provider == "own" or (low, high) != price_range(offer, day):
        yield "an own price: taken as sure, whatever its age"
        return
    drifts = price_drift(offer)
    words = " or ".join(_CLASSES[drift.price_class] for drift in drifts)
    if low == high:
        yield f"today the same: nine in ten {words} do not move in {age_days} days"
    else:
        yield f"today {low:.4g} to {high:.4g} USD/h: so far nine in ten {words} moved no further in {age_days} days"
    if low == offer.usd_per_hour_cheapest:
        yield f"the low end reaches the cheapest offer, {offer.usd_per_hour_cheapest:g} USD/h"
    for drift in drifts:
        yield from _learnt(drift, offer)


def _learnt(drift: PriceDrift, offer: Offer) -> Iterator[str]:
    if drift.jumps_per_year and is_flagship(offer.gpu):
        deepest, least = (1 - math.exp(end) for end in (drift.jump_low_ln, drift.jump_high_ln))
        yield (
            f"a cloud cuts such prices at one blow once in {1 / drift.jumps_per_year:.0f} years, by {least:.0%} to "
            f"{deepest:.0%}; that counts once it is likelier than {TAIL:.0%}"
        )
    whose = f"of {drift.provider}, drawn toward those of the others" if drift.provider else "of a provider"
    yield f"learnt from {drift.pairs:,} prices seen twice, in {drift.periods} periods {whose}, up to {drift.as_of}"


def _cost(result: EstimateResult, estimate: Estimate) -> Iterator[str]:
    rule = billing_rule(estimate.offer.provider, estimate.offer.instance_type)
    if rule is None or rule.increment_seconds is None:
        yield f"billed to the second: the billing rule of {estimate.offer.provider} is not known"
    else:
        least = f"at least {rule.minimum_seconds:g} s" if rule.minimum_seconds else "no minimum known"
        billed_hours = math.fsum(item.quantity for item in estimate.items if item.kind in _BILLED) / estimate.node_count
        billed = billed_hours * SECONDS_PER_HOUR
        yield f"billed in steps of {rule.increment_seconds:g} s, {least}: {billed:,.0f} s; {rule.source}, {rule.as_of}"
    for item in estimate.items:
        yield f"{item.name}: {item.quantity:.4f} {item.unit} x {item.usd_per_unit:g} USD = {item.usd:,.4f} USD"
    if any(item.kind in (ItemKind.STORAGE, ItemKind.TRAFFIC) for item in estimate.items):
        yield from _extra_sources(estimate.offer.provider)
    yield f"sum: {estimate.usd:,.2f} USD ({estimate.usd_low:,.2f} to {estimate.usd_high:,.2f})"
    if estimate.usd_per_hour_low < estimate.usd_per_hour_high:
        cheap, dear = (
            total_usd(items_at(estimate.items, price))
            for price in (estimate.usd_per_hour_low, estimate.usd_per_hour_high)
        )
        yield f"the age of the price alone makes it {cheap:,.2f} to {dear:,.2f} USD; distances of speed and price add as squares"


_CLASSES = {
    PriceClass.LIST_LARGE: "list prices of large clouds",
    PriceClass.LIST_SMALL: "list prices of GPU clouds",
    PriceClass.SPOT: "spot prices",
    PriceClass.MARKETPLACE: "price levels of a marketplace",
}

_BILLED = (ItemKind.TIME, ItemKind.BILLED_TIME)


def _extra_sources(provider: str) -> Iterator[str]:
    from planner.cost.extras import load_egress_tiers, load_storage_prices  # noqa: PLC0415 - rarely asked for

    storage = load_storage_prices().get(provider)
    if storage is not None:
        yield f"storage price: {storage.region}, {storage.as_of}; {storage.source}"
    for tier in load_egress_tiers().get(provider, ())[:1]:
        yield f"egress price: {tier.as_of}; {tier.source}"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
