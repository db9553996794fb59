"""Assumptions, notes and the nothing-left message of an estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from planner.cost.assumed import bill_assumptions
from planner.cost.bill import Biller
from planner.cost.rental import billing_rule
from planner.errors import DoesNotFitError, Message, NoThroughputError, Sentence, joined
from planner.model.records import Estimate, Throughput, Unpriced, Workload
from planner.model.tree_runs import pass_name
from planner.prices.catalog import USUAL_PURCHASES
from planner.prices.filters import OfferFilter
from planner.throughput.batch_limits import batch_limit
from planner.throughput.elsewhere import of_other_devices
from planner.units import epochs_text

USUAL_PIXELS = 224
"""Side of the pictures that networks are usually compared at."""


def assumptions(
    workload: Workload, samples_source: str, shown: Sequence[Estimate], wanted: OfferFilter, biller: Biller
) -> tuple[str, ...]:
    """The assumptions of an estimate, a line each, with the option that changes it."""
    model = workload.model
    dataset = f" of {workload.dataset}" if workload.dataset else ""
    unruled = {
        offer.provider
        for offer in (estimate.offer for estimate in shown)
        if offer.provider != "own"  # a machine of one's own has no bill but its rate
        if (rule := billing_rule(offer.provider, offer.instance_type)) is None or rule.increment_seconds is None
    }
    others = of_other_devices(workload, (estimate.offer.gpu for estimate in shown))
    precision = workload.precision or "the fastest known precision of each GPU"
    return (
        Sentence(
            "{each:,.0f} {unit}s {article} {name}{of} ({source}) x {times} = {samples:,.0f} {unit}s",
            each=workload.samples_per_epoch,
            unit=model.sample_unit,
            of=dataset,
            source=samples_source,
            article="an" if workload.trees is None else "a",
            name=pass_name(workload.trees),
            times=epochs_text(workload.epochs, pass_name(workload.trees)),
            samples=workload.samples,
        ),
        f"precision {precision}; data loading keeps up with the GPUs",
        *_unusual_size(workload),
        *_of_trees(workload),
        *_largest_step(workload),
        *((f"{others}: their speed is worked out without it",) if others else ()),
        *(workload.language.assumptions if workload.language else ()),
        *bill_assumptions(biller, shown),
        "a price was listed on its day; that capacity is free is not said",
        *(
            (Sentence("only on-demand and spot prices; ask for others with {purchases}"),)
            if wanted.purchases == USUAL_PURCHASES
            else ()
        ),
        *((f"billed to the second: the billing rule of {', '.join(sorted(unruled))} is not known",) if unruled else ()),
    )


def _of_trees(workload: Workload) -> tuple[str, ...]:
    """What of the trees changes their time."""
    run = workload.trees
    if run is None:
        return ()
    return (
        Sentence(
            "{features} {columns}, {rounds} {count}, {depth} {levels}; all that was measured has 8, 100 and 10",
            columns=run.features,
            count=run.rounds,
            levels=run.depth,
        ),
    )


def _unusual_size(workload: Workload) -> tuple[str, ...]:
    """Which size of picture is meant, where it was not given and is not the usual one."""
    model = workload.model
    if workload.input_size is not None or model.sample_unit != "image" or model.input_size in (None, USUAL_PIXELS):
        return ()
    return (
        Sentence(
            "pictures of {pixels} pixels, as {name} is listed ({image_size})", pixels=model.input_size, name=model.name
        ),
    )


def _largest_step(workload: Workload) -> tuple[str, ...]:
    """How many samples a step may take, where that is not asked for."""
    limit = None if workload.batch_size or workload.measured else batch_limit(workload)
    if limit is None:
        return ()
    return (
        Sentence(
            "at most {samples:,} {unit}s a step over all GPUs: {why}; {batch_size} sets those of a GPU",
            samples=limit.samples,
            unit=workload.model.sample_unit,
            why=limit.why,
        ),
    )


def notes(
    wanted: OfferFilter,
    shown: Sequence[Estimate],
    throughputs: Mapping[tuple[str, float], Throughput | NoThroughputError],
    today: date,
    biller: Biller,
) -> tuple[str, ...]:
    """Notes on the rows shown, with the number of rows each is about, and on GPUs without a known throughput."""
    said = [f"{choice.text} covers {', '.join(choice.gpus)}" for choice in wanted.gpus if len(choice.gpus) > 1]
    counts = Counter(note for estimate in shown for note in estimate.notes)
    rows = len(shown)
    said += [
        Sentence("{note} ({count} of {rows} rows)", note=note, count=count, rows=rows)
        for note, count in counts.most_common()
    ]
    old = sum((today - estimate.offer.observed_on).days > 365 for estimate in shown)
    if old:
        said.append(
            Sentence(
                "the price is more than a year old ({old} of {rows} rows); {max_price_age_days} 365 leaves it out",
                old=old,
                rows=rows,
            )
        )
    said += [Sentence("{reason}: {why}", reason=reason, why=error) for reason, (_, error) in biller.refused.items()]
    without: dict[str, dict[str, list[str]]] = {}
    for (gpu, gpu_count), throughput in sorted(throughputs.items()):
        if isinstance(throughput, NoThroughputError):
            without.setdefault(Sentence("{why}", why=throughput), {}).setdefault(gpu, []).append(f"{gpu_count:g}")
    for reason, by_gpu in without.items():
        gpus = ", ".join(f"{gpu} ({'/'.join(counts)})" for gpu, counts in by_gpu.items())
        said.append(Sentence("{reason} on {gpus_there}", reason=reason, gpus_there=gpus))
    return tuple(said)


def nothing_runs(
    workload: Workload,
    throughputs: Mapping[tuple[str, float], Throughput | NoThroughputError],
    left_out: Counter[str],
    biller: Biller,
    nodes: int,
) -> Message:
    """The message that says why no offer is left, and where memory is short what would make the run fit."""
    if biller.refused:
        cases = biller.refused.items()
        return joined(
            (Message("No offer is left: {reason}. {why}", reason=reason, why=error) for reason, (_, error) in cases),
            " ",
        )
    errors = {str(entry).rstrip("."): entry for entry in throughputs.values() if isinstance(entry, NoThroughputError)}
    unknown = [error.unstopped() for _, error in sorted(errors.items())]
    reasons = joined(
        unknown
        or [Sentence("{reason} ({count})", reason=reason, count=count) for reason, count in left_out.most_common(3)],
        "; ",
    )
    name = workload.model.name
    see = "" if workload.language or workload.trees else f" Measured GPUs: planner throughput --model {name}"
    change = ""
    short = [cell for cell, entry in throughputs.items() if isinstance(entry, DoesNotFitError)]
    if short:
        from planner.answers.fit import what_would_fit  # noqa: PLC0415 - only on the way to a refusal

        change = what_would_fit(workload, short, nodes)
    return Message(
        "No offer is left for {name}: {reasons}.{change}{see}", name=name, reasons=reasons, change=change, see=see
    )


def asked_for(entry: Unpriced, wanted: OfferFilter) -> bool:
    """Whether the filter names this instance type, which has no price."""
    return any(entry.gpu in choice.gpus and choice.count in (None, entry.gpu_count) for choice in wanted.gpus)
