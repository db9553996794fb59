"""Errors of simple rules on left-out cells: ratios of peak figures, an additive model, linear scaling."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from planner.model.records import Gpu, Model

if TYPE_CHECKING:
    from planner.accuracy.learning.left_out import Evidence, LeftOut

ADDITIVE_ROUNDS = 30  # the alternating means change by less than 1e-6 after twenty


def simple_rule_errors(split: str, left_out: Sequence[LeftOut], evidence: Evidence) -> dict[str, list[float]]:
    """Signed relative errors of each simple rule that applies to a split, by name; cells it cannot predict are left out."""
    rules: dict[str, Callable[[LeftOut], float | None]] = {}
    if split in ("cell", "pair", "gpu"):
        known = {(one.model, one.gpu, one.width): math.log(one.measured) for one in left_out}
        rules = {
            "tensor_tflops_ratio": lambda one: _ratio_rule(one, known, evidence.gpus, _tensor_tflops),
            "bandwidth_ratio": lambda one: _ratio_rule(one, known, evidence.gpus, _bandwidth),
        }
        if split != "gpu":
            rules["log_additive"] = lambda one: _additive_rule(one, known)
    elif split == "carried":
        stays = _staying_cells(evidence)
        rules = {
            "tensor_tflops_ratio": lambda one: _from_one(one, stays, evidence.gpus, _tensor_tflops),
            "bandwidth_ratio": lambda one: _from_one(one, stays, evidence.gpus, _bandwidth),
        }
    elif split in ("model", "model_filled"):
        rules = {
            "constant_tflops": _constant_share(left_out, evidence.models, lambda model: model.forward_gmacs_per_sample),
            "constant_bandwidth": _constant_share(left_out, evidence.models, lambda model: model.activations_millions),
        }
    elif split.startswith("counts"):
        rules = {"linear": lambda one: math.log((one.single or math.nan) * one.gpu_count / one.measured)}
    return {
        name: [math.expm1(error) for one in left_out if (error := rule(one)) is not None]
        for name, rule in rules.items()
    }


def _ratio_rule(
    one: LeftOut,
    known: Mapping[tuple[str, str, str], float],
    gpus: Mapping[str, Gpu],
    figure: Callable[[Gpu], float],
) -> float | None:
    # the median over all other GPUs the model was measured on: kinder to the rule than a single reference GPU
    predictions = [
        rate + math.log(figure(gpus[one.gpu]) / figure(gpus[gpu]))
        for (model, gpu, width), rate in known.items()
        if (model, width) == (one.model, one.width) and gpu != one.gpu
    ]
    return statistics.median(predictions) - math.log(one.measured) if predictions else None


def _additive_rule(one: LeftOut, known: Mapping[tuple[str, str, str], float]) -> float | None:
    """The rule ln rate = model + GPU, fitted by alternating means on the same number format without the left-out cell."""
    cells = {
        (model, gpu): rate
        for (model, gpu, width), rate in known.items()
        if width == one.width and (model, gpu) != (one.model, one.gpu)
    }
    by_model: dict[str, float] = {}
    by_gpu = {gpu: 0.0 for _, gpu in cells}
    for _ in range(ADDITIVE_ROUNDS):
        by_model = _means((model, rate - by_gpu[gpu]) for (model, gpu), rate in cells.items())
        by_gpu = _means((gpu, rate - by_model[model]) for (model, gpu), rate in cells.items())
    if one.model not in by_model or one.gpu not in by_gpu:
        return None
    return by_model[one.model] + by_gpu[one.gpu] - math.log(one.measured)


def _constant_share(
    left_out: Sequence[LeftOut], models: Mapping[str, Model], figure: Callable[[Model], float | None]
) -> Callable[[LeftOut], float | None]:
    # the same amount of work per second for every network: the geometric mean of all others
    logs = {one.model: math.log(one.measured * (figure(models[one.model]) or math.nan)) for one in left_out}
    total = math.fsum(logs.values())

    def rule(one: LeftOut) -> float | None:
        others = (total - logs[one.model]) / (len(logs) - 1)
        return others - logs[one.model]

    return rule


def _staying_cells(evidence: Evidence) -> dict[str, tuple[str, str, float]]:
    from planner.accuracy.learning.implementations import implementations  # noqa: PLC0415 - needs numpy
    from planner.accuracy.learning.leave_out_gpus import staying_point  # noqa: PLC0415
    from planner.accuracy.learning.response import response_points  # noqa: PLC0415

    points = response_points(implementations(evidence))
    found = {}
    for script in {point.script for point in points}:
        point = staying_point(points, script)
        found[script] = (point.gpu, point.width, point.log_rate)
    return found


def _from_one(
    one: LeftOut,
    stays: Mapping[str, tuple[str, str, float]],
    gpus: Mapping[str, Gpu],
    figure: Callable[[Gpu], float],
) -> float | None:
    gpu, width, log_rate = stays[one.script]
    if width != one.width:
        return None
    return log_rate + math.log(figure(gpus[one.gpu]) / figure(gpus[gpu])) - math.log(one.measured)


def _means(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for name, value in pairs:
        sums.setdefault(name, []).append(value)
    return {name: statistics.fmean(values) for name, values in sums.items()}


def _tensor_tflops(gpu: Gpu) -> float:
    return gpu.fp16_tensor_tflops or gpu.fp32_tflops or math.nan


def _bandwidth(gpu: Gpu) -> float:
    return gpu.memory_bandwidth_gb_per_s
