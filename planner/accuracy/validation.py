"""How far predictions are off on rows they have not seen, and how often the ranges hold the measurement.

Every split leaves rows out, predicts them with the same functions that planning uses, and compares. The quantile behind each
range is found again without the left-out group, so coverage is nested: no range has seen the row it is judged by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from planner.accuracy.between_sources import SOURCE_SPLITS, source_splits
from planner.accuracy.device_splits import DEVICE_SPLITS, device_splits, device_validation
from planner.accuracy.price_validation import PRICE, price_split, price_validation
from planner.accuracy.results import ErrorSummary, SplitResult, Validation, WorstCell
from planner.accuracy.simple_rules import simple_rule_errors
from planner.accuracy.summaries import summary
from planner.errors import DataError, UnknownNameError
from planner.hardware.gpus import load_gpus
from planner.model.records import Gpu, Model
from planner.throughput.learnt import learnt_folder
from planner.throughput.links import link_of
from planner.throughput.measured import load_benchmarks
from planner.work.listed import load_models

if TYPE_CHECKING:
    from planner.accuracy.learning.left_out import Evidence, LeftOut

SPLITS = {
    # name: (basis, what leaves, what the prediction may still use)
    "measured": ("measured", "one software version of a measured cell", "other versions of the same generation"),
    "cell": (
        "scaled",
        "one cell: model, GPU, number format",
        "the same model and GPU in the other number format; all else",
    ),
    "pair": ("scaled", "model and GPU, in every number format", "the model on other GPUs, other models on this GPU"),
    "gpu": ("scaled", "a whole GPU, all models", "its data sheet"),
    "carried": ("scaled", "a whole model but one cell", "that cell (RTX 3090 where measured), all other models"),
    "carried_format": (
        "scaled",
        "a whole model but one cell",
        "that cell, in another number format than the one predicted",
    ),
    "model": ("modelled", "a whole network, RTX 3090 (timm)", "its multiply-adds, activations, parameters, input size"),
    "model_filled": (
        "modelled",
        "a whole network, RTX 3090 (timm)",
        "its multiply-adds, parameters, input size; not its activations",
    ),
    "model_any_gpu": (
        "modelled",
        "a whole model outside timm, any GPU",
        "its multiply-adds, parameters, activations where known",
    ),
    "framework": ("scaled", "a (model, framework) pair", "the model in another framework on the same GPU and count"),
    "counts": (
        "scaled",
        "2, 4, 8 ... GPUs of a cell",
        "its single GPU; the counts of the other number format; all else",
    ),
    "counts_pair": ("scaled", "2, 4, 8 ... GPUs of a model on a GPU", "its single GPU; other models on that machine"),
    "counts_gpu": ("scaled", "2, 4, 8 ... GPUs of a whole GPU", "its single-GPU rows; how other GPUs scale"),
    "nodes": ("scaled", "several machines of a model", "one machine; the usual loss per doubling (not the network)"),
}
WORST = 10


def validate(wanted: Sequence[str] = ()) -> Validation:
    """Recompute the error and the coverage of every basis from the shipped rows; takes some minutes and needs numpy.

    Args:
        wanted: names of splits; all if empty.

    Raises:
        DataError: the learnt variances are missing.
        UnknownNameError: there is no such split.
    """
    _check_names(wanted)
    if tuple(wanted) == (PRICE,):
        return price_validation()
    if wanted and set(wanted) <= set(DEVICE_SPLITS):
        return device_validation(wanted)
    from planner.accuracy.learning.left_out import gather  # noqa: PLC0415 - needs numpy

    path = learnt_folder() / "variances.json"
    try:
        variances = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}. Run: python -m scripts.fit_throughput") from error
    from planner.accuracy.language_validation import LANGUAGE_SPLITS, language_splits  # noqa: PLC0415 - needs numpy
    from planner.accuracy.learning.leave_out import all_left_out  # noqa: PLC0415

    evidence = gather(load_benchmarks(), load_gpus(), {model.name: model for model in load_models()})
    chosen = set(wanted) or {*SOURCE_SPLITS, *SPLITS}
    left_out = all_left_out(evidence, variances) if chosen & set(SPLITS) else []
    within = tuple(
        _split_result(name, [one for one in left_out if one.split == name], evidence)
        for name in SPLITS
        if name in chosen
    )
    language = language_splits() if not wanted or chosen & set(LANGUAGE_SPLITS) else ()
    judged = [one for one in left_out if one.split in ("cell", "gpu", "model", "counts")]
    worst = sorted(judged, key=lambda one: (-abs(one.log_error), one.split, one.model, one.gpu, one.gpu_count))[:WORST]
    return Validation(
        rows=len(evidence.rows),
        newest_row=max(row.as_of for row in evidence.rows),
        splits=(
            *source_splits(evidence, variances, wanted or tuple(SOURCE_SPLITS)),
            *within,
            *(one for one in language if not wanted or one.split in wanted),
            *device_splits(wanted),
            *([price_split()] if not wanted or PRICE in wanted else ()),
        ),
        worst=tuple(_worst(one) for one in worst),
    )


def _check_names(wanted: Sequence[str]) -> None:
    """Refuses a split that there is not, before minutes are spent on the others."""
    if set(wanted) <= {*SOURCE_SPLITS, *SPLITS, *DEVICE_SPLITS, PRICE}:
        return
    from planner.accuracy.language_validation import LANGUAGE_SPLITS  # noqa: PLC0415 - needs numpy

    known = [*SOURCE_SPLITS, *SPLITS, *LANGUAGE_SPLITS, *DEVICE_SPLITS, PRICE]
    for name in wanted:
        if name not in known:
            raise UnknownNameError("split", name, known, f"planner validate. Splits: {', '.join(known)}")


def validation_record(validation: Validation) -> dict[str, object]:
    """The JSON of `planner validate`, schema `planner.validate/1`; errors are fractions (0.06 is 6 %)."""
    return {
        "schema": "planner.validate/1",
        "rows": validation.rows,
        "newest_row": validation.newest_row,
        "splits": [
            {
                "split": one.split,
                "basis": one.basis,
                "left_out": one.left_out,
                "still_known": one.still_known,
                **_figures(one.errors),
                "coverage": one.errors.coverage,
                "width": one.errors.width,
                "baselines": {
                    baseline.name: {
                        "median": baseline.median,
                        "mean": baseline.mean,
                        "p90": baseline.p90,
                        "n": baseline.n,
                    }
                    for baseline in one.baselines
                },
                "groups": {
                    kind: [
                        {"name": group.name, **_figures(group), "coverage": group.coverage, "width": group.width}
                        for group in groups
                    ]
                    for kind, groups in one.groups.items()
                },
            }
            for one in validation.splits
        ],
        "worst": [
            {
                "split": one.split,
                "model": one.model,
                "gpu": one.gpu,
                "gpu_count": one.gpu_count,
                "number_format": one.number_format,
                "measured": one.measured,
                "predicted": one.predicted,
                "error": one.error,
            }
            for one in validation.worst
        ],
    }


def nested_coverage(scores: Sequence[float], groups: Sequence[str]) -> list[bool]:
    """Whether each row lies in its range when the quantile is found without the row's own group.

    With one group only there is nothing left to find a quantile on, and the list is empty.
    """
    from planner.accuracy.learning.left_out import quantile  # noqa: PLC0415 - needs numpy

    if len(set(groups)) < 2:
        return []
    limits = {
        group: quantile([score for score, other in zip(scores, groups, strict=True) if other != group])
        for group in set(groups)
    }
    return [score <= limits[group] for score, group in zip(scores, groups, strict=True)]


def _split_result(split: str, left_out: Sequence[LeftOut], evidence: Evidence) -> SplitResult:
    basis, leaves, known = SPLITS[split]
    held = nested_coverage([one.score for one in left_out], [one.group for one in left_out])
    errors = [math.expm1(one.log_error) for one in left_out]
    kinds: dict[str, Callable[[LeftOut], str]] = {
        "gpu_family": lambda one: _family(evidence.gpus[one.gpu]),
        "task": lambda one: evidence.models[one.model].task,
        "number_format": lambda one: one.width,
        "model": lambda one: one.model,
    }
    if split in ("model", "model_filled"):
        kinds = {"size": lambda one: _size(evidence.models[one.model])}
    if split.startswith("counts"):
        kinds |= {"software": lambda one: "since 2022" if one.is_new else "2020 to 2022"}
        kinds |= {"gpu_count": lambda one: str(one.gpu_count), "link": lambda one: str(link_of(evidence.gpus[one.gpu]))}
    groups = {}
    for kind, name_of in kinds.items():
        names = [name_of(one) for one in left_out]
        groups[kind] = tuple(
            summary(
                name,
                [error for error, other in zip(errors, names, strict=True) if other == name],
                [inside for inside, other in zip(held, names, strict=True) if other == name] if held else [],
            )
            for name in sorted(set(names), key=_natural)
        )
    return SplitResult(
        split=split,
        basis=basis,
        left_out=leaves,
        still_known=known,
        errors=summary("prediction", errors, held),
        baselines=tuple(
            summary(name, rule_errors) for name, rule_errors in simple_rule_errors(split, left_out, evidence).items()
        ),
        groups=groups,
    )


def _family(gpu: Gpu) -> str:
    kind = "GeForce" if gpu.name.startswith(("gtx", "rtx-2", "rtx-3", "rtx-4090")) else "data centre and workstation"
    return f"{gpu.architecture.split()[0]}, {kind}"


def _size(model: Model) -> str:
    gmacs = model.forward_gmacs_per_sample or 0.0
    bounds = ((1.0, "below 1 GMAC"), (5.0, "1 to 5 GMAC"), (20.0, "5 to 20 GMAC"))
    return next((name for bound, name in bounds if gmacs < bound), "above 20 GMAC")


def _natural(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdigit() else (0, text)


def _figures(summary_: ErrorSummary) -> dict[str, float | int]:
    return {
        "n": summary_.n,
        "median": summary_.median,
        "mean": summary_.mean,
        "p90": summary_.p90,
        "bias": summary_.bias,
    }


def _worst(one: LeftOut) -> WorstCell:
    return WorstCell(
        split=one.split,
        model=one.model,
        gpu=one.gpu,
        gpu_count=one.gpu_count,
        number_format=one.width,
        measured=one.measured,
        predicted=one.measured * math.exp(one.log_error),
        error=math.expm1(one.log_error),
    )
