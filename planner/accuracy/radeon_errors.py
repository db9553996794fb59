"""How far Radeon cards are off, whole cards and networks left out, and the levels that follow from it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from functools import cache

from planner.accuracy.results import SplitResult
from planner.accuracy.summaries import Foretold, split_of
from planner.errors import NoThroughputError
from planner.hardware.gpus import load_gpus
from planner.model.records import Precision, Workload
from planner.throughput.knowledge import Knowledge
from planner.throughput.measured import benchmarks_of
from planner.throughput.radeon_levels import (
    ANY,
    BESIDE,
    SMALLER_BATCH,
    USUAL_BATCH,
    WITHOUT_BUILDS,
    RadeonLevel,
    radeon_ratios,
    unseen_of,
)
from planner.throughput.workload_prediction import Prediction
from planner.work.listed import resolve_model

CARD, NETWORK = "amd_card", "amd_network"
UNSEEN = {ANY: {"16": 0.9, "fp32": 0.9}, WITHOUT_BUILDS: {"16": 1.6, "fp32": 1.0}}
"""Half widths for a card that was not measured, as natural logs: three cards teach, so a spread of theirs would be no figure. The two that
PyTorch has builds for differ by 0.4 in 16 bits and 0.5 in 32; the one that it has none for by 1.8 and 0.4 from them."""
SHARE = 0.9
LEAST = 0.15


@cache
def shortfalls() -> Mapping[tuple[str, str], Mapping[str, float]]:
    """By card and width, of each network: natural log of the measured over the foretold ratio to the card beside it."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    predictions: dict[tuple[str, str], Prediction] = {}
    for row in radeon_ratios():
        width = "16" if row.precision == "fp16" else "fp32"
        precision = Precision.AMP if width == "16" else Precision.FP32
        prediction = predictions.setdefault((row.model, width), _prediction(row.model, precision))
        try:
            own, beside = (
                prediction.within_source(load_gpus()[gpu], 1, precision).samples_per_second for gpu in (row.gpu, BESIDE)
            )
        except NoThroughputError:
            continue  # a card of eight GiB may be too small
        found.setdefault((row.gpu, width), {})[row.model] = math.log(row.ratio_to_rtx_2080_ti * beside / own)
    return found


def radeon_levels_learnt() -> tuple[RadeonLevel, ...]:
    """The rows of `data/radeon_levels.csv`."""
    rows = [_level(gpu, width, list(of.values())) for (gpu, width), of in shortfalls().items()]
    for kind, half_widths in UNSEEN.items():
        for width, half_width in half_widths.items():
            shift, models = _of_kind(kind, width, None)
            rows.append(
                RadeonLevel(
                    gpu=kind,
                    width=width,
                    models=models,
                    shift_ln=round(shift, 4),
                    half_width_ln=half_width,
                    **_origin(),
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.gpu, row.width)))


def _level(gpu: str, width: str, errors: Sequence[float]) -> RadeonLevel:
    """The level of a card by its own networks; at a smaller batch than the card beside it half of what a batch may cost goes up."""
    batch = _smaller_batch(gpu)
    return RadeonLevel(
        gpu=gpu,
        width=width,
        models=len(errors),
        shift_ln=round(statistics.median(errors) + batch, 4),
        half_width_ln=round(_half_width(errors) + batch, 4),
        **_origin(),
    )


@cache
def _origin() -> Mapping[str, str]:
    """What every level is learnt from, and the day of its newest row."""
    return {"source": "radeon_ratios.csv", "as_of": max(row.as_of for row in radeon_ratios())}


def card_split() -> SplitResult:
    """The split that leaves whole cards out: the level is that of the others of its kind; of the only one of its kind, that of all others."""
    judged = []
    for (gpu, width), of in shortfalls().items():
        kind = unseen_of(load_gpus()[gpu])
        shift, _ = _of_kind(kind, width, gpu)
        batch = _smaller_batch(gpu)
        half_width = UNSEEN[kind][width] + batch
        judged += [
            Foretold(
                log_error=shift - batch - error,
                half_width=half_width,
                width=math.exp(2 * half_width),
                groups={"gpu": gpu, "number_format": width},
            )
            for error in of.values()
        ]
    return split_of(CARD, "scaled", "a whole Radeon card", "its data sheet; the level of the other cards", judged)


def network_split() -> SplitResult:
    """The split that leaves each network out on a card that is known from others."""
    judged = []
    for (gpu, width), of in shortfalls().items():
        for model, error in of.items() if gpu in _teaching() else ():
            others = [one for name, one in of.items() if name != model]
            half_width = _half_width(others)
            judged.append(
                Foretold(
                    log_error=statistics.median(others) - error,
                    half_width=half_width,
                    width=math.exp(2 * half_width),
                    groups={"gpu": gpu, "number_format": width},
                )
            )
    return split_of(NETWORK, "scaled", "a network on a Radeon card", "the other networks on that card", judged)


def _smaller_batch(gpu: str) -> float:
    """By how much a card's rows lie lower for their batch, and how unsure that is; 0 at the batch of the card beside it."""
    return 0.0 if gpu in _teaching() else SMALLER_BATCH


def _teaching() -> frozenset[str]:
    return frozenset(row.gpu for row in radeon_ratios() if row.batch_size == USUAL_BATCH)


def _of_kind(kind: str, width: str, without: str | None) -> tuple[float, int]:
    """The mean level of the cards of that kind that teach, each counted once, and how many networks they ran; of any kind if none does."""
    teaching = {
        gpu: values
        for (gpu, other), values in shortfalls().items()
        if other == width and gpu != without and gpu in _teaching()
    }
    of = [values for gpu, values in teaching.items() if unseen_of(load_gpus()[gpu]) == kind] or list(teaching.values())
    return statistics.fmean(statistics.median(one.values()) for one in of), sum(map(len, of))


def _half_width(errors: Sequence[float]) -> float:
    middle = statistics.median(errors)
    ordered = sorted(abs(error - middle) for error in errors)
    return max(LEAST, ordered[min(len(ordered), math.ceil((len(ordered) + 1) * SHARE)) - 1])


def _prediction(model: str, precision: Precision) -> Prediction:
    workload = Workload(model=resolve_model(model), dataset=None, samples_per_epoch=1, epochs=1, precision=precision)
    return Prediction(workload, _WITHOUT)


_WITHOUT = Knowledge(
    rows_of=lambda model: [
        row for row in benchmarks_of(model) if row.gpu in load_gpus() and load_gpus()[row.gpu].vendor != "AMD"
    ]
)
"""What is known without the answers of the cards that are judged."""
