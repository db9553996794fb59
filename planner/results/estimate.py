"""The result of an estimate, its JSON document, and its rows as flat records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from planner.cost.bill import percentile
from planner.model.book_ages import BookUsed, DamagedBook
from planner.model.costs import CostItem
from planner.model.frozen import dataclass
from planner.model.left_out import LeftOut
from planner.model.picks import PaidTo
from planner.model.records import Estimate, Offer, Throughput, Unpriced, Workload
from planner.results.answer import absent_text, answer, damaged_text
from planner.results.machines import Machines
from planner.results.picked import OverLimit, Picked
from planner.results.prices import book_record, damaged_record
from planner.results.shown import ShownInNotebooks
from planner.results.speed_ups import SpeedUp, speed_up_record
from planner.throughput.batch_limits import batch_limit
from planner.units import Row

if TYPE_CHECKING:
    import pandas as pd

    from planner.cost.currency import Currency

SCHEMA = "planner.estimate/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateResult(ShownInNotebooks):
    """Ranked estimates, best first, and all that is needed to judge them.

    `unpriced` lists instance types with a wanted GPU that have no usable public price, as (provider, entry).
    """

    workload: Workload
    as_of: date  # the day that ages are counted from
    prices: tuple[BookUsed, ...]
    estimates: tuple[Estimate, ...]
    left_out: tuple[LeftOut, ...]
    unpriced: tuple[tuple[str, Unpriced], ...]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    startup_seconds: float
    samples_source: str
    damaged: tuple[DamagedBook, ...] = ()  # books of providers that the answer is made without
    speed_ups: tuple[SpeedUp, ...] = ()  # of GPUs over a processor that was named
    absent: tuple[str, ...] = ()  # sentences on devices that were named and have no row; they are among the notes too
    picked: Picked | None = None  # the few rows proposed; None where nothing was chosen
    machines: Machines = Machines()  # all that is priced within the limits, each machine once: for charts

    def to_frame(self) -> pd.DataFrame:
        """One row per estimate in rank order; columns are the flat keys of the JSON, `usd` in dollars, times in seconds."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks need it

        return pd.DataFrame(flat_rows(self))


def document(result: EstimateResult, currency: Currency | None = None) -> Row:
    """The JSON document of the result, schema `planner.estimate/1`."""
    return {
        "schema": SCHEMA,
        "workload": {
            **workload_record(result.workload),
            "samples_source": result.samples_source,
            "startup_seconds": result.startup_seconds,
        },
        "as_of": result.as_of.isoformat(),
        "prices": [book_record(book) for book in result.prices],
        "damaged_books": [damaged_record(book) for book in result.damaged],
        **({"currency": asdict(currency)} if currency else {}),
        "estimates": [estimate_record(estimate) | _amounts(estimate, currency) for estimate in result.estimates],
        "left_out": [{"reason": entry.reason, "count": entry.count} for entry in result.left_out],
        "unpriced": [
            {"provider": provider, "instance_type": entry.instance_type, "gpu": entry.gpu, "reason": entry.reason}
            for provider, entry in result.unpriced
        ],
        "assumptions": list(result.assumptions),
        "notes": list(result.notes),
        **({"speed_ups": list(map(speed_up_record, result.speed_ups))} if result.speed_ups else {}),
        **_choice(result, currency),
    }


def _choice(result: EstimateResult, currency: Currency | None) -> Row:
    """What is proposed: sentences, rows by market with their estimates, and machines that are not picked, by reason."""
    picked = result.picked
    if picked is None:
        return {}
    return {
        "answer": answer_sentences(result, currency),
        "picks": [
            {
                "market": str(pick.market),
                "pick": str(pick.kind),
                "number": pick.number,
                "rank": pick.estimate.rank or None,
                "mark": None if pick.mark is None else str(pick.mark),
                "other_regions": pick.other_regions,
                "usd_per_hour_elsewhere": pick.usd_per_hour_elsewhere,
                "estimate": estimate_record(pick.estimate) | _amounts(pick.estimate, currency),
            }
            for pick in picked.picks
        ],
        "services": [
            {
                "market": str(PaidTo.SERVICE),
                **asdict(one),
                "model": one.model or None,
                "note": one.note or None,
                "price_observed_on": one.price_observed_on.isoformat(),
            }
            for one in picked.services
        ],
        "machines": picked.machines,
        "not_picked": [{"reason": str(reason), "count": count} for reason, count in picked.not_picked],
        "over_limit": [_over_limit_record(over) for over in picked.over_limit],
    }


def _over_limit_record(over: OverLimit) -> Row:
    """A row that the limits keep from the screen; its figures are the expected ones, with the ends that limits are held at."""
    offer = over.offer
    return {
        "market": str(over.market),
        "provider": offer.provider,
        "instance_type": offer.instance_type,
        "gpu": offer.gpu,
        "gpu_count": _whole(offer.gpu_count),
        "node_count": over.node_count,
        "seconds": over.seconds,
        "seconds_high": over.seconds_high,
        "usd": over.usd,
        "usd_high": over.usd_high,
        "may_hold": over.may_hold,
    }


def answer_sentences(result: EstimateResult, currency: Currency | None = None) -> list[str]:
    """The answer in sentences, warnings included."""
    picked = result.picked
    return [
        *(() if picked is None else answer(picked, result.workload, result.as_of, currency)),
        *map(absent_text, result.absent),
        *damaged_text(result.damaged),
    ]


def workload_record(workload: Workload) -> Row:
    """The work as its JSON record."""
    return {
        "model": workload.model.name,
        "task": workload.model.task,
        "dataset": workload.dataset,
        "sample_unit": workload.model.sample_unit,
        "samples_per_epoch": workload.samples_per_epoch,
        "epochs": workload.epochs,
        "samples": workload.samples,
        "precision": "best" if workload.precision is None else str(workload.precision),
        "batch_size": workload.batch_size,
        "batch_limit": None if (limit := batch_limit(workload)) is None else limit.samples,
        "framework": workload.framework,
        "input_size": workload.input_size,
        **_language(workload),
        **_trees(workload),
    }


def _language(workload: Workload) -> Row:
    """The JSON keys that the workload of a language model adds; empty for others."""
    if workload.language is None:
        return {}
    job = workload.language.job
    return {
        "method": str(job.method),
        "tokens": workload.samples,
        "sequence_length": job.sequence_length,
        "batch_tokens": job.batch_tokens,
        "optimizer": str(job.optimizer),
        "rank": job.rank if job.method.has_adapters else None,
        "parameters": job.model.parameters,
        "active_parameters": job.model.active_parameters,
        "stack": workload.language.stack,
    }


def _trees(workload: Workload) -> Row:
    """The JSON keys that the workload of boosted trees adds; empty for others."""
    run = workload.trees
    return {} if run is None else {"rows": run.rows, "features": run.features, "rounds": run.rounds, "depth": run.depth}


def flat_rows(result: EstimateResult, currency: Currency | None = None) -> list[Row]:
    """One flat record per estimate: the JSON keys, throughput keys prefixed, items left to the JSON."""
    return [flat_record(estimate, result.workload) | _amounts(estimate, currency) for estimate in result.estimates]


def flat_record(estimate: Estimate, workload: Workload) -> Row:
    """One estimate as a flat record."""
    row = estimate_record(estimate)
    throughput = row.pop("throughput")
    # what only some rows have is left to the JSON: a table has the same columns in every row
    for key in ("items", *_level(estimate.offer)):
        del row[key]
    interruptions = row.pop("interruptions") or {}
    row["interruptions_per_hour"] = interruptions.get("per_hour")
    row["interruptions_expected"] = interruptions.get("expected")
    row["seconds_p90"] = interruptions.get("seconds_p90", estimate.seconds)
    row["usd_p90"] = interruptions.get("usd_p90", estimate.usd)
    row["model"] = workload.model.name
    row["samples"] = workload.samples
    row["samples_per_second"] = throughput["samples_per_second"]
    row["samples_per_second_low"] = throughput["low"]
    row["samples_per_second_high"] = throughput["high"]
    row["basis"] = throughput["basis"]
    row["stack"] = throughput["stack"]
    return row


def _amounts(estimate: Estimate, currency: Currency | None) -> Row:
    if currency is None:
        return {}
    return {
        "currency": currency.code,
        "amount": estimate.usd * currency.per_usd,
        "amount_low": estimate.usd_low * currency.per_usd,
        "amount_high": estimate.usd_high * currency.per_usd,
    }


def estimate_record(estimate: Estimate) -> Row:
    """One estimate as its JSON record."""
    offer, throughput = estimate.offer, estimate.throughput
    return {
        "rank": estimate.rank,
        "provider": offer.provider,
        "region": offer.region,
        "zone": offer.zone,
        "instance_type": offer.instance_type,
        "gpu": offer.gpu,
        "gpu_count": _whole(offer.gpu_count),
        "node_count": estimate.node_count,
        "purchase": str(offer.purchase),
        "usd_per_hour": offer.usd_per_hour,
        "usd_per_hour_low": estimate.usd_per_hour_low,
        "usd_per_hour_high": estimate.usd_per_hour_high,
        "usd_per_gpu_hour": offer.usd_per_gpu_hour,
        "price_observed_on": offer.observed_on.isoformat(),
        "price_source": offer.source,
        **_level(offer),
        "throughput": {
            **speed_record(throughput),
            "batch_size_per_gpu": throughput.batch_size_per_gpu,
            "sources": list(throughput.sources),
        },
        "seconds": estimate.seconds,
        "seconds_low": estimate.seconds_low,
        "seconds_high": estimate.seconds_high,
        "usd": estimate.usd,
        "usd_low": estimate.usd_low,
        "usd_high": estimate.usd_high,
        "items": item_records(estimate.items),
        "interruptions": _json_interruptions(estimate),
        "fits_memory": estimate.fits_memory,
        "is_pareto": estimate.is_pareto,
        "market": None if estimate.market is None else str(estimate.market),
        "not_picked": None if estimate.not_picked is None else str(estimate.not_picked),
        "notes": list(estimate.notes),
    }


def speed_record(throughput: Throughput) -> Row:
    """What is known of a speed as JSON keys, but its batch, sources and notes."""
    relative_low, relative_high = throughput.relative_ends
    return {
        "samples_per_second": throughput.samples_per_second,
        "low": throughput.low,
        "high": throughput.high,
        "relative_low": relative_low,
        "relative_high": relative_high,
        "basis": str(throughput.basis),
        "precision": str(throughput.precision),
        "stack": throughput.stack,
    }


def item_records(items: Iterable[CostItem]) -> list[Row]:
    """The lines of a bill as JSON records."""
    return [
        {
            "name": item.name,
            "kind": str(item.kind),
            "quantity": item.quantity,
            "unit": item.unit,
            "usd_per_unit": item.usd_per_unit,
            "usd": item.usd,
        }
        for item in items
    ]


def _level(offer: Offer) -> Row:
    """What is known of a level of a marketplace; empty for other offers."""
    known = {name: getattr(offer, name) for name in ("usd_per_hour_cheapest", "offers_count", "reliability")}
    return {name: value for name, value in known.items() if value is not None}


def _json_interruptions(estimate: Estimate) -> Row | None:
    run = estimate.interruptions
    if run is None:
        return None
    seconds_p90, usd_p90 = percentile(estimate)
    return {
        "per_hour": run.per_hour,
        "source": estimate.basis_of_interruptions,
        "expected": run.count,
        "checkpoint_interval_seconds": run.interval_seconds if run.has_checkpoints else None,
        "checkpoint_seconds": run.checkpoint_seconds if run.has_checkpoints else None,
        "restart_seconds": run.restart_seconds,
        "lost_seconds": run.lost_seconds,
        "seconds_p90": seconds_p90,
        "usd_p90": usd_p90,
    }


def _whole(count: float) -> Any:
    return int(count) if count == int(count) else count
