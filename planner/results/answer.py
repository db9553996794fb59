"""The answer of an estimate in sentences: what to take, what is cheaper and how long it takes, and what to mind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from planner.hardware.processors import is_processor
from planner.model.book_ages import DamagedBook
from planner.model.costs import ItemKind
from planner.model.picks import Mark, PaidTo
from planner.model.records import Basis, Estimate, Purchase, Workload
from planner.results.batch import batch_warning
from planner.results.money import Money
from planner.results.one_region import one_region_text
from planner.results.over_limit import over_limit_texts
from planner.results.picked import Pick, Picked, SoldPerToken
from planner.results.words import basis_text, gpus_text, provider_name, range_text, terms_text, time_text
from planner.throughput.builds import build_warning
from planner.throughput.elsewhere import of_other_devices
from planner.throughput.limits import OWN_SPEED
from planner.units import SECONDS_PER_HOUR, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

LESS = 0.95
"""Another market is named where it costs at least 5 % less."""
OLD_DAYS = 30
"""Prices of rows shown are said to be old from this age on."""
MUCH_STARTUP = 1 / 3
"""Part of the time from which start-up is said to decide it."""
RENEW = "planner refresh"


def answer(picked: Picked, workload: Workload, today: date, currency: Currency | None = None) -> tuple[str, ...]:
    """The sentences of the answer; warnings begin with `!`. None where no row may be picked.

    Args:
        picked: the rows that are proposed.
        workload: what is run.
        today: the day that ages are counted from.
        currency: that amounts are shown in; `None` for USD.
    """
    if not picked.picks:
        return ()
    money = Money.of(currency)
    less = less_text(picked, money)
    sold = service_text(picked.services[0], money) if picked.services else ""
    minded = remarks(picked, workload, today, money)
    return (headline(picked, money), *filter(None, (less, sold)), *minded, *over_limit_texts(picked, money))


def service_text(service: SoldPerToken, money: Money) -> str:
    """What the cheapest service asks that sells training by the token, on what terms, and of which day its price is."""
    usd = range_text(*(amount * money.per_usd for amount in (service.usd, service.usd_low, service.usd_high)))
    return (
        f"Sold per token: {usd} {money.code} at {service.provider} ({service.method}), without a machine; how long it takes is "
        f"not stated, price of {service.price_observed_on}."
    )


def leading(picked: Picked) -> Pick:
    """The pick of the headline: the first without a mark; else the first of a wide range, before those of old prices."""
    return min(picked.picks, key=lambda pick: _LEADS.index(pick.mark))


_LEADS = (None, Mark.WIDE_RANGE, Mark.OLD_PRICE)


def headline(picked: Picked, money: Money, *, longest: int | None = None) -> str:
    """What the first choice costs, how long it takes, on what and of whom, and what that rests on.

    Where it is longer than `longest` characters the terms of the rental are said shorter; on demand they go.
    """
    pick = leading(picked)
    one = pick.estimate
    evidence = basis_text(one.throughput.basis).capitalize()
    mark = f" ({str(pick.mark).replace('_', ' ')})" if pick.mark else ""
    what = f"{money.span(one)} {money.code} and {time_text(one.seconds)} on {gpus_text(one.offer, one.node_count)}"
    terms = terms_text(one, pick.market)
    place, purchase = terms.partition(",")[0], one.offer.purchase
    short = place if purchase is Purchase.ON_DEMAND else f"{place}, {str(purchase).replace('_', ' ')}"
    said = [f"{what} {words}{mark}. {evidence}." for words in (terms, short)]
    said.append(said[1].replace(f"{money.code} and ", f"{money.code}, ", 1))
    return next((text for text in said if longest is None or len(text) <= longest), said[-1])


def less_text(picked: Picked, money: Money, *, longest: int | None = None) -> str:
    """The cheaper markets, each with its time and its row; those that fit into `longest` characters. Empty if none is."""
    first = leading(picked)
    parts: list[str] = []
    seen = {first.market}
    for pick in picked.picks:
        if pick.market in seen or pick.mark is not None:
            continue
        seen.add(pick.market)
        one = pick.estimate
        if one.usd <= LESS * first.estimate.usd:
            parts.append(f"{money.text(one.usd)} {_way(pick)} in {time_text(one.seconds)} ({pick.number})")
    while parts and longest is not None and len(_less(parts)) > longest:
        parts.pop()
    return _less(parts) if parts else ""


def _less(parts: list[str]) -> str:
    return f"Less: {', '.join(parts)}."


def _way(pick: Pick) -> str:
    ways = {
        PaidTo.OWN: "on your own machine",
        PaidTo.COMMITMENT: "by commitment",
        PaidTo.SPOT: "by spot",
        PaidTo.MARKETPLACE: "on a marketplace",
    }
    return ways.get(pick.market) or f"at {provider_name(pick.estimate.offer)}"


def remarks(picked: Picked, workload: Workload, today: date, money: Money, *, renew: str = RENEW) -> Iterator[str]:
    """What to mind: age of the prices shown, a price of one region alone, limits that ranges pass, a batch too large, start-up that decides the time.

    Args:
        picked: the rows that are proposed; there is one.
        workload: what is run.
        today: the day that ages are counted from.
        money: what amounts are shown in.
        renew: the command that brings newer prices.
    """
    alone = one_region_text((pick.number, pick.estimate.offer, pick.usd_per_hour_elsewhere) for pick in picked.picks)
    yield from filter(None, (ages_text((pick.estimate for pick in picked.picks), today, renew), alone))
    if not picked.limits_hold:
        yield _unsure(picked, money)
    yield from run_warnings([pick.estimate for pick in picked.picks], workload)
    first = leading(picked).estimate
    yield from filter(None, (memory_warning(first), batch_warning(first, workload)))
    startup = math.fsum(
        item.quantity for item in first.items if item.kind is ItemKind.TIME and item.name in ("start-up", "image pull")
    )
    seconds = startup / first.node_count * SECONDS_PER_HOUR
    if seconds > MUCH_STARTUP * first.seconds:
        yield f"{time_text(seconds)} of it are start-up: at this size any machine will do."


def _unsure(picked: Picked, money: Money) -> str:
    """The warning that no row is sure to keep the limits, with what the first may come to where it passes one."""
    first = leading(picked).estimate
    late = picked.max_hours is not None and hours(first.seconds_high) > picked.max_hours
    dear = picked.max_usd is not None and first.usd_high > picked.max_usd
    may = [f"take {time_text(first.seconds_high)}"] * late + [f"cost {money.text(first.usd_high)} {money.code}"] * dear
    limits = "limits" if picked.max_hours is not None and picked.max_usd is not None else "limit"
    return f"! No row is sure to keep the {limits}{': the first may ' * bool(may)}{' and '.join(may)}."


def run_warnings(estimates: Sequence[Estimate], workload: Workload) -> Iterator[str]:
    """Warnings of these rows: a model that is counted in part, own speeds of other devices or near the peak, and each GPU that today's builds leave out and the user ran nothing on."""
    if workload.language is not None and (beside := workload.language.job.model.beside):
        yield f"! Of the text model alone, without its {beside}."
    strangers = (one for one in estimates if one.throughput.basis is not Basis.MEASURED_BY_YOU)
    for gpu in dict.fromkeys(one.offer.gpu for one in strangers):
        if warning := build_warning(workload, gpu):
            yield f"! {warning.partition(';')[0]}."
    if others := of_other_devices(workload, (one.offer.gpu for one in estimates)):
        yield f"! {others[0].upper()}{others[1:]}."
    for note in dict.fromkeys(note for one in estimates for note in one.throughput.notes):
        if note.startswith(OWN_SPEED):
            yield f"! {note[0].upper()}{note.partition(';')[0][1:]}."


def memory_warning(estimate: Estimate) -> str:
    """A warning where nobody knows whether the run fits into the memory of the row's GPUs; empty elsewhere."""
    is_known = estimate.fits_memory is not None or estimate.throughput.basis.is_measured
    if is_known or is_processor(estimate.offer.gpu):
        return ""
    return "! Whether it fits into memory is not known: try it before renting for long."


def ages_text(estimates: Iterable[Estimate], today: date, renew: str = RENEW) -> str:
    """The ages of the prices of these rows, if one is old; a machine of one's own has none."""
    days = [(today - one.offer.observed_on).days for one in estimates if one.offer.provider != "own"]
    if not days or max(days) < OLD_DAYS:
        return ""
    span = f"{min(days)} to {max(days)}" if min(days) < max(days) else f"{max(days)}"
    return f"! Prices are {span} days old. Newer: {renew}"


def absent_text(sentence: str) -> str:
    """The warning that a device which was named has no row."""
    return f"! {sentence.rstrip('.')}."


def damaged_text(damaged: Sequence[DamagedBook]) -> tuple[str, ...]:
    """The warning that an answer is made without some providers; none where every book is whole."""
    if not damaged:
        return ()
    names = ", ".join(book.provider for book in damaged)
    what = "its price book is" if len(damaged) == 1 else "their price books are"
    return (f"! Without {names}: {what} damaged. See: planner prices verify",)
