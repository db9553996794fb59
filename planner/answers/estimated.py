"""The straight line of an estimate: from a question to ranked estimates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from planner.answers.question import (
    Question,
)
from planner.answers.ranking import best_of_each_group, ranked, within_limits
from planner.answers.remarks import asked_for, assumptions, notes, nothing_runs
from planner.answers.throughput import Speeds, fits_memory, predict_many, speeds_of
from planner.cost.bill import Biller
from planner.errors import NothingLeftError, NoThroughputError
from planner.model.records import (
    Estimate,
    LeftOut,
    Offer,
    Purchase,
    Throughput,
)
from planner.options.bill import STARTUP_SECONDS
from planner.prices.catalog import DEARER, USUAL_PURCHASES, OfferFilter, Selection, select_offers
from planner.prices.current import current_snapshots
from planner.prices.snapshots import Snapshot
from planner.results.estimate import EstimateResult


def estimated(question: Question) -> EstimateResult:
    """The result of the question.

    Raises:
        NothingLeftError: no offer passes the filters, or none has a known throughput.
        LimitError: offers are left, but none within the limits.
        DataError: a snapshot cannot be trusted.
    """
    work, wanted, today, nodes = question.work, question.wanted, question.today, question.nodes
    snapshots = current_snapshots(question.data_dir, as_of=question.as_of)
    own_notes: Mapping[Offer, str] = {}
    own_credits: Mapping[str, float] = {}
    # over several nodes the network counts, so the cheapest instance of a group need not be the best
    is_whole = question.every_offer or nodes > 1
    if question.price_book is None:
        selection = select_offers(snapshots, wanted, today=today, every_offer=is_whole)
    else:
        selection, own_notes, own_credits = _own_prices(
            snapshots, wanted, question.price_book, today=today, every_offer=is_whole
        )
    throughputs = predict_many(work.workload, {(offer.gpu, offer.gpu_count) for offer in selection.offers})
    left_out = Counter({entry.reason: entry.count for entry in selection.left_out})
    biller = Biller(
        question.terms, work.workload, on_demand=_on_demand(snapshots, wanted, today), credits_usd=own_credits
    )
    priced = []
    speeds = speeds_of(work.workload, nodes, question.weakest)
    for offer, throughput in _with_throughput(selection.offers, speeds, left_out):
        one = price_one(offer, throughput, biller, selection, nodes=nodes, own_notes=_own_note(offer, own_notes))
        if isinstance(one, str):
            left_out[one] += 1
        else:
            priced.append(one)
    if not priced:
        raise NothingLeftError(nothing_runs(work.workload, throughputs, left_out, biller))
    within = within_limits(priced, question.max_hours, question.max_usd, left_out)
    if nodes > 1 and not question.every_offer:
        within = best_of_each_group(within, left_out)
    shown = ranked(within, question.sort, question.limit)
    if len(shown) < len(within):
        left_out[f"ranked after the first {question.limit}"] += len(within) - len(shown)
    return EstimateResult(
        workload=work.workload,
        as_of=today,
        prices=selection.books,
        estimates=tuple(shown),
        left_out=tuple(LeftOut(reason=reason, count=count) for reason, count in left_out.items()),
        unpriced=tuple((provider, entry) for provider, entry in selection.unpriced if asked_for(entry, wanted)),
        assumptions=assumptions(work.workload, work.samples_source, shown, wanted, biller),
        notes=notes(wanted, shown, throughputs, today, biller),
        startup_seconds=STARTUP_SECONDS,
        samples_source=work.samples_source,
    )


def _on_demand(snapshots: Sequence[Snapshot], wanted: OfferFilter, today: date) -> Mapping[tuple[str, str, str], float]:
    """Prices on demand to compare commitments with; empty where no commitment is asked for."""
    if set(wanted.purchases) <= set(USUAL_PURCHASES):
        return {}
    try:
        offers = select_offers(snapshots, replace(wanted, purchases=(Purchase.ON_DEMAND,)), today=today).offers
    except NothingLeftError:
        return {}
    return {(offer.provider, offer.instance_type, offer.region): offer.usd_per_hour for offer in offers}


def _with_throughput(
    offers: Iterable[Offer], speeds: Speeds, left_out: Counter[str]
) -> Iterator[tuple[Offer, Throughput]]:
    for offer in offers:
        throughput = speeds.of(offer)
        if isinstance(throughput, NoThroughputError):
            left_out[str(throughput)] += 1
        else:
            yield offer, throughput


def _own_prices(
    snapshots: Sequence[Snapshot], wanted: OfferFilter, path: Path, *, today: date, every_offer: bool
) -> tuple[Selection, Mapping[Offer, str], Mapping[str, float]]:
    """Offers at the prices of a price book, notes on those that changed, and credits by provider."""
    from planner.cost.own_prices import best_regions, load_price_book  # noqa: PLC0415 - only with a price book

    known = select_offers(snapshots, OfferFilter(), today=today).offers
    book = load_price_book(path, known, today)
    selection = select_offers(snapshots, wanted, today=today)
    offers, notes = book.applied(selection.offers)
    left_out = selection.left_out
    if not every_offer:
        best = best_regions(offers)
        left_out = (*left_out, LeftOut(reason=DEARER, count=len(offers) - len(best)))
        offers = best
    if not wanted.providers:
        offers += book.machines_for(wanted.gpus, wanted.gpu_counts)
    return replace(selection, offers=tuple(offers), left_out=left_out), notes, book.credits_usd


def _own_note(offer: Offer, notes: Mapping[Offer, str]) -> tuple[str, ...]:
    return (notes[offer],) if notes and offer in notes else ()


def price_one(
    offer: Offer,
    throughput: Throughput,
    biller: Biller,
    selection: Selection,
    *,
    nodes: int,
    own_notes: tuple[str, ...],
) -> Estimate | str:
    """The estimate of one offer, unranked, or the reason why it cannot do the work."""
    bill = biller.bill(offer, throughput, nodes)
    if isinstance(bill, str):
        return bill
    return Estimate(
        rank=0,
        offer=offer,
        node_count=nodes,
        throughput=throughput,
        seconds=bill.seconds,
        seconds_low=bill.seconds_low,
        seconds_high=bill.seconds_high,
        items=bill.items,
        usd_low=bill.usd_low,
        usd_high=bill.usd_high,
        fits_memory=fits_memory(biller.workload, offer.gpu),
        notes=(*_offer_notes(offer, selection), *own_notes, *bill.notes, *throughput.notes),
        interruptions=bill.interruptions,
        basis_of_interruptions=bill.basis_of_interruptions,
    )


def _offer_notes(offer: Offer, selection: Selection) -> tuple[str, ...]:
    return tuple(f"not in the price: {what}" for what in selection.excluded_from(offer))
