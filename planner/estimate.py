"""`planner estimate`: how long a workload takes and what it costs on every offer."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from planner.clock import current_day
from planner.cost.rental import BillingRule, billed_seconds, billing_rule, rental_items
from planner.errors import LimitError, NothingLeftError, NoThroughputError, UnknownNameError, UsageError
from planner.hardware.gpus import choose_gpus
from planner.model import Basis, Estimate, LeftOut, Model, Offer, PriceBook, Purchase, Throughput, Unpriced, Workload
from planner.prices.catalog import DEARER, OfferFilter, Selection, current_snapshots, select_offers
from planner.prices.offers import purchase_kind
from planner.throughput.own_model import described_model
from planner.throughput.prediction import predict_many
from planner.throughput.workloads import plan_work
from planner.units import hours

if TYPE_CHECKING:
    import pandas as pd

STARTUP_SECONDS = 120.0
"""From the start of billing to the first training step: boot, container start, first batch. An assumption, not a
measurement: clouds publish none. Each estimate states it."""

MAX_PRICE_AGE_DAYS = 730
"""Older prices are left out unless asked for: in two years every cloud has changed the price of most GPUs."""

USUAL_PURCHASES = (Purchase.ON_DEMAND, Purchase.SPOT)
"""What can be bought for one run. Commitments bind for a year or more and are shown only when asked for."""

MAX_NODES = 1024

SORTS = ("usd", "hours", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateResult:
    """Ranked estimates, best first, and all that is needed to judge them.

    `unpriced` lists instance types with a wanted GPU that have no usable public price, as (provider, entry).
    """

    workload: Workload
    as_of: date  # the day that ages are counted from
    prices: tuple[PriceBook, ...]
    estimates: tuple[Estimate, ...]
    left_out: tuple[LeftOut, ...]
    unpriced: tuple[tuple[str, Unpriced], ...]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    startup_seconds: float
    samples_source: str

    def to_frame(self) -> pd.DataFrame:
        """One row per estimate in rank order; columns are the flat keys of the JSON, `usd` in dollars, times in seconds."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only notebooks need it

        from planner.render.estimates import flat_rows  # noqa: PLC0415 - render imports this module

        return pd.DataFrame(flat_rows(self))


def estimate(
    *,
    model: str | None = None,
    epochs: float,
    dataset: str | None = None,
    samples_per_epoch: float | None = None,
    precision: str = "amp",
    batch_size: int | None = None,
    framework: str | None = None,
    sequence_length_or_image_size: int | None = None,
    gmacs_per_sample: float | None = None,
    params_millions: float | None = None,
    activations_millions: float | None = None,
    measured: Iterable[str] = (),
    model_file: Path | None = None,
    basis: str | None = None,
    nodes: int = 1,
    gpus: Iterable[str] = (),
    gpu_counts: Iterable[float] = (),
    providers: Iterable[str] = (),
    regions: Iterable[str] = (),
    purchases: Iterable[str] = (),
    max_hours: float | None = None,
    max_usd: float | None = None,
    max_price_age_days: int | None = MAX_PRICE_AGE_DAYS,
    sort: str = "usd",
    limit: int | None = None,
    every_offer: bool = False,
    data_dir: Path | None = None,
    as_of: date | None = None,
) -> EstimateResult:
    """Time and cost of a workload on every offer that passes the filters, ranked.

    seconds = start-up + samples / throughput; usd = billed time x price of the whole instance, as items that add up.
    The low and high of both come from the throughput range.

    Args:
        model: name or alias, see `planner models`; with own figures, any name for the own model.
        epochs: passes over the data, above 0.
        dataset: name of the training set; by default the one the model is usually trained on.
        samples_per_epoch: instead of a dataset, in the model's own unit.
        precision: `amp`, `fp32`, `tf32`, `bf16`, `fp16` or `best`.
        batch_size: samples per GPU and step.
        framework: whose measurements the figure stands for; by default the newest PyTorch evidence.
        sequence_length_or_image_size: tokens or pixels; by default the model's own.
        gmacs_per_sample: of an own model: 1e9 multiply-adds of one forward pass.
        params_millions: of an own model.
        activations_millions: of an own model: output elements of matrix and convolution layers for one sample.
        measured: own measurements such as `a100-80gb-sxm=1234` (samples per second), carried to every other GPU.
        model_file: a TOML file with the same figures.
        basis: the weakest basis wanted: `measured`, `scaled` or `modelled`; `None` takes all.
        nodes: instances that work together, each with its own price.
        gpus: spellings such as `A100`, `H100:8`; empty for all.
        gpu_counts: GPUs per instance; empty for any.
        providers: provider names; empty for all.
        regions: region names as the provider writes them; empty for all.
        purchases: kinds of purchase; empty for on demand and spot.
        max_hours: leave out what takes longer.
        max_usd: leave out what costs more.
        max_price_age_days: leave out older prices; `None` takes every age.
        sort: `usd`, `hours`, or `value` (smallest product of both).
        limit: keep the best so many; `None` keeps all.
        every_offer: one estimate per offer instead of the best region per (provider, GPU, count, purchase).
        data_dir: folder of the user's own snapshots; by default the platform's.
        as_of: plan with the prices known on that day.

    Raises:
        UsageError: an argument is out of range, or a name is unknown (`UnknownNameError`).
        NothingLeftError: no offer passes the filters, or none has a known throughput.
        LimitError: offers are left, but none within `max_hours` and `max_usd`.
        DataError: a snapshot cannot be trusted.
    """
    today = as_of or current_day()
    _check_limits(max_hours, max_usd, max_price_age_days, sort, limit)
    if not 1 <= nodes <= MAX_NODES:
        raise UsageError(f"--nodes must be 1 to {MAX_NODES}, not {nodes}.")
    chosen, measurements, samples_of_file = described_model(
        model,
        figures={
            "gmacs_per_sample": gmacs_per_sample,
            "params_millions": params_millions,
            "activations_millions": activations_millions,
        },
        measured=tuple(measured),
        model_file=model_file,
        precision=precision,
    )
    work = plan_work(
        model=chosen,
        epochs=epochs,
        dataset=dataset,
        samples_per_epoch=samples_of_file if samples_per_epoch is None else samples_per_epoch,
        precision=precision,
        batch_size=batch_size,
        framework=framework,
        input_size=sequence_length_or_image_size,
    )
    wanted = OfferFilter(
        gpus=tuple(choose_gpus(text) for text in gpus),
        gpu_counts=tuple(gpu_counts),
        providers=tuple(providers),
        regions=tuple(regions),
        purchases=tuple(purchase_kind(text) for text in purchases) or USUAL_PURCHASES,
        max_price_age_days=max_price_age_days,
    )
    # over several nodes the network counts, so the cheapest instance of a group need not be the best
    selection = select_offers(
        current_snapshots(data_dir, as_of=as_of), wanted, today=today, every_offer=every_offer or nodes > 1
    )
    throughputs = predict_many(
        work.workload, {(offer.gpu, offer.gpu_count) for offer in selection.offers}, measured=measurements
    )
    left_out = Counter({entry.reason: entry.count for entry in selection.left_out})
    priced = [
        _estimate(offer, throughput, work.workload, selection, nodes)
        for offer, throughput in _with_throughput(
            selection.offers, throughputs, left_out, model=chosen, nodes=nodes, weakest=_basis(basis)
        )
    ]
    if not priced:
        raise NothingLeftError(_nothing_runs(work.workload, throughputs, left_out))
    within = _within_limits(priced, max_hours, max_usd, left_out)
    ranked = _ranked(within if every_offer or nodes == 1 else _best_of_each_group(within, left_out), sort)
    shown = ranked if limit is None else ranked[:limit]
    if len(shown) < len(ranked):
        left_out[f"ranked after the first {limit}"] += len(ranked) - len(shown)
    return EstimateResult(
        workload=work.workload,
        as_of=today,
        prices=selection.books,
        estimates=tuple(shown),
        left_out=tuple(LeftOut(reason=reason, count=count) for reason, count in left_out.items()),
        unpriced=tuple((provider, entry) for provider, entry in selection.unpriced if _asked_for(entry, wanted)),
        assumptions=_assumptions(work.workload, work.samples_source, shown, wanted),
        notes=_notes(wanted, shown, throughputs, today),
        startup_seconds=STARTUP_SECONDS,
        samples_source=work.samples_source,
    )


def _check_limits(
    max_hours: float | None, max_usd: float | None, max_price_age_days: int | None, sort: str, limit: int | None
) -> None:
    for option, value in (("--max-hours", max_hours), ("--max-usd", max_usd)):
        if value is not None and not value > 0:
            raise UsageError(f"{option} must be above 0, not {value:g}.")
    if max_price_age_days is not None and not 0 <= max_price_age_days <= 36_500:
        raise UsageError(f"--max-price-age must be 0 to 36500 days, not {max_price_age_days}.")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be at least 1, not {limit}.")
    if sort not in SORTS:
        raise UnknownNameError("sort order", sort, SORTS, "planner estimate --help")


def _basis(text: str | None) -> Basis:
    if text is None:
        return Basis.MODELLED
    try:
        return Basis(text)
    except ValueError:
        raise UnknownNameError("basis", text, map(str, Basis), "planner estimate --help") from None


def _with_throughput(
    offers: Iterable[Offer],
    throughputs: Mapping[tuple[str, float], Throughput | NoThroughputError],
    left_out: Counter[str],
    *,
    model: Model,
    nodes: int,
    weakest: Basis,
) -> Iterator[tuple[Offer, Throughput]]:
    strengths = list(Basis)
    for offer in offers:
        throughput = throughputs[offer.gpu, offer.gpu_count]
        if isinstance(throughput, Throughput) and nodes != 1:
            throughput = _over_nodes(throughput, offer, model, nodes)
        if isinstance(throughput, NoThroughputError):
            left_out[str(throughput)] += 1
        elif strengths.index(throughput.basis) > strengths.index(weakest):
            left_out[f"throughput only {throughput.basis} (--basis {weakest})"] += 1
        else:
            yield offer, throughput


def _over_nodes(one: Throughput, offer: Offer, model: Model, nodes: int) -> Throughput | NoThroughputError:
    from planner.throughput.nodes import over_nodes  # noqa: PLC0415 - few runs take more than one node

    try:
        return over_nodes(
            one,
            model=model,
            gpu_count=offer.gpu_count,
            node_count=nodes,
            network_gbit_per_s=offer.network_gbps,
            batch_size=one.batch_size_per_gpu,
        )
    except NoThroughputError as error:
        return error


def _best_of_each_group(estimates: Iterable[Estimate], left_out: Counter[str]) -> list[Estimate]:
    best: dict[tuple[str, str, float, Purchase], Estimate] = {}
    for estimate in sorted(estimates, key=lambda estimate: (estimate.usd, *_identity(estimate.offer))):
        offer = estimate.offer
        if best.setdefault((offer.provider, offer.gpu, offer.gpu_count, offer.purchase), estimate) is not estimate:
            left_out[DEARER] += 1
    return list(best.values())


def _estimate(
    offer: Offer, throughput: Throughput, workload: Workload, selection: Selection, node_count: int
) -> Estimate:
    rule = billing_rule(offer.provider, offer.instance_type)
    seconds = workload.samples / throughput.samples_per_second
    fastest, slowest = workload.samples / throughput.high, workload.samples / throughput.low
    return Estimate(
        rank=0,
        offer=offer,
        node_count=node_count,
        throughput=throughput,
        seconds=seconds + STARTUP_SECONDS,
        seconds_low=fastest + STARTUP_SECONDS,
        seconds_high=slowest + STARTUP_SECONDS,
        items=rental_items(
            offer, rule, training_seconds=seconds, startup_seconds=STARTUP_SECONDS, node_count=node_count
        ),
        usd_low=node_count * _usd(offer, rule, fastest),
        usd_high=node_count * _usd(offer, rule, slowest),
        notes=(*_offer_notes(offer, selection), *throughput.notes),
    )


def _usd(offer: Offer, rule: BillingRule | None, training_seconds: float) -> float:
    return hours(billed_seconds(rule, training_seconds + STARTUP_SECONDS)) * offer.usd_per_hour


def _offer_notes(offer: Offer, selection: Selection) -> tuple[str, ...]:
    notes = tuple(f"not in the price: {what}" for what in selection.excluded_from(offer))
    if offer.purchase is Purchase.SPOT:
        notes += ("spot: interruptions and lost work are not in the figure",)
    elif offer.purchase is not Purchase.ON_DEMAND:
        notes += (f"{offer.purchase}: the rate of a commitment; hours of the term that are not used are paid too",)
    return notes


def _within_limits(
    estimates: Sequence[Estimate], max_hours: float | None, max_usd: float | None, left_out: Counter[str]
) -> list[Estimate]:
    within = []
    for estimate in estimates:
        if max_hours is not None and hours(estimate.seconds) > max_hours:
            left_out[f"takes longer than {max_hours:g} h"] += 1
        elif max_usd is not None and estimate.usd > max_usd:
            left_out[f"costs more than {max_usd:g} USD"] += 1
        else:
            within.append(estimate)
    if not within:
        raise LimitError(_nearest_miss(estimates, max_hours, max_usd))
    return within


def _nearest_miss(estimates: Sequence[Estimate], max_hours: float | None, max_usd: float | None) -> str:
    fastest = min(estimates, key=lambda estimate: (estimate.seconds, estimate.usd))
    cheapest = min(estimates, key=lambda estimate: (estimate.usd, estimate.seconds))
    parts = []
    if max_hours is not None:
        over = hours(fastest.seconds) / max_hours - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            f"--max-hours {max_hours:g}: the fastest, {_named(fastest)}, takes {hours(fastest.seconds):.2f} h{miss}"
            f" and costs {fastest.usd:,.2f} USD"
        )
    if max_usd is not None:
        over = cheapest.usd / max_usd - 1
        miss = f" ({over:.1%} over)" if over > 0 else ""
        parts.append(
            f"--max-usd {max_usd:g}: the cheapest, {_named(cheapest)}, costs {cheapest.usd:,.2f} USD{miss}"
            f" and takes {hours(cheapest.seconds):.2f} h"
        )
    return "No estimate meets the limits. " + "; ".join(parts) + "."


def _named(estimate: Estimate) -> str:
    offer = estimate.offer
    return f"{offer.provider} {offer.instance_type} ({offer.purchase}, {offer.region})"


def _ranked(estimates: Iterable[Estimate], sort: str) -> list[Estimate]:
    ordered = sorted(estimates, key=lambda estimate: (*_merit(estimate, sort), *_identity(estimate.offer)))
    front = _pareto(ordered)
    return [replace(estimate, rank=index + 1, is_pareto=index in front) for index, estimate in enumerate(ordered)]


def _merit(estimate: Estimate, sort: str) -> tuple[float, float]:
    if sort == "usd":
        return estimate.usd, estimate.seconds
    if sort == "hours":
        return estimate.seconds, estimate.usd
    return estimate.usd * estimate.seconds, estimate.usd


def _identity(offer: Offer) -> tuple[str, ...]:
    # makes the order total: two runs give the same bytes
    return (offer.provider, offer.gpu, offer.instance_type, offer.region, offer.zone or "", str(offer.purchase))


def _pareto(estimates: Sequence[Estimate]) -> set[int]:
    """Indices of estimates that no other beats in time without costing more."""
    order = sorted(range(len(estimates)), key=lambda index: (estimates[index].seconds, estimates[index].usd))
    front: set[int] = set()
    cheapest = float("inf")
    for _, group in itertools.groupby(order, key=lambda index: estimates[index].seconds):
        tied = list(group)
        usd = estimates[tied[0]].usd
        if usd < cheapest:
            front.update(index for index in tied if estimates[index].usd == usd)
            cheapest = usd
    return front


def _nothing_runs(
    workload: Workload,
    throughputs: Mapping[tuple[str, float], Throughput | NoThroughputError],
    left_out: Counter[str],
) -> str:
    unknown = {str(entry).rstrip(".") for entry in throughputs.values() if isinstance(entry, NoThroughputError)}
    reasons = "; ".join(sorted(unknown)) or "; ".join(
        f"{reason} ({count})" for reason, count in left_out.most_common(3)
    )
    return (
        f"No offer is left for {workload.model.name}: {reasons}. "
        f"Measured GPUs: planner throughput --model {workload.model.name}"
    )


def _asked_for(entry: Unpriced, wanted: OfferFilter) -> bool:
    return any(entry.gpu in choice.gpus and choice.count in (None, entry.gpu_count) for choice in wanted.gpus)


def _assumptions(
    workload: Workload, samples_source: str, shown: Sequence[Estimate], wanted: OfferFilter
) -> tuple[str, ...]:
    model = workload.model
    dataset = f" of {workload.dataset}" if workload.dataset else ""
    unruled = {
        offer.provider
        for offer in (estimate.offer for estimate in shown)
        if (rule := billing_rule(offer.provider, offer.instance_type)) is None or rule.increment_seconds is None
    }
    precision = workload.precision or "the fastest known precision of each GPU"
    return (
        f"{workload.samples_per_epoch:,.0f} {model.sample_unit}s an epoch{dataset} ({samples_source}) "
        f"x {workload.epochs:g} epochs = {workload.samples:,.0f} {model.sample_unit}s",
        f"precision {precision}; data loading keeps up with the GPUs",
        f"start-up of {STARTUP_SECONDS:g} s before the first step (an assumption), billed like the rest",
        "prices in USD for the whole instance, Linux, before tax; storage and network traffic are not included",
        "a price was listed on its day; that capacity is free is not said",
        *(
            ("only on-demand and spot prices; ask for others with --purchase",)
            if wanted.purchases == USUAL_PURCHASES
            else ()
        ),
        *((f"billed to the second: the billing rule of {', '.join(sorted(unruled))} is not known",) if unruled else ()),
    )


def _notes(
    wanted: OfferFilter,
    shown: Sequence[Estimate],
    throughputs: Mapping[tuple[str, float], Throughput | NoThroughputError],
    today: date,
) -> tuple[str, ...]:
    notes = [f"{choice.text} covers {', '.join(choice.gpus)}" for choice in wanted.gpus if len(choice.gpus) > 1]
    counts = Counter(note for estimate in shown for note in estimate.notes)
    notes += [f"{note} ({count} of {len(shown)} rows)" for note, count in counts.most_common()]
    old = sum((today - estimate.offer.observed_on).days > 365 for estimate in shown)
    if old:
        notes.append(
            f"the price is more than a year old ({old} of {len(shown)} rows); --max-price-age 365 leaves it out"
        )
    without: dict[str, dict[str, list[str]]] = {}
    for (gpu, gpu_count), throughput in sorted(throughputs.items()):
        if isinstance(throughput, NoThroughputError):
            without.setdefault(str(throughput), {}).setdefault(gpu, []).append(f"{gpu_count:g}")
    for reason, by_gpu in without.items():
        notes.append(f"{reason} on " + ", ".join(f"{gpu} ({'/'.join(counts)})" for gpu, counts in by_gpu.items()))
    return tuple(notes)
