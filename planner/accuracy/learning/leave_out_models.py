"""Predicts left-out models and (model, framework) pairs from the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planner.accuracy.learning import level
from planner.accuracy.learning.evidence import Point
from planner.accuracy.learning.implementations import implementations
from planner.accuracy.learning.left_out import (
    NOT_JUDGED,
    Evidence,
    LeftOut,
    grouped,
    newest_judged,
    point_error,
    row_error,
)
from planner.accuracy.learning.level import Network
from planner.accuracy.learning.response import NOISE, posterior_of, response_points
from planner.model.records import Benchmark, Model, Precision
from planner.throughput.arithmetic import REFERENCE_GPU, level_of
from planner.throughput.precision import width_of
from planner.throughput.scripts import choose_script, newest_row, script_of


def levels_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every network on the RTX 3090 predicted from its arithmetic; networks of the same figures leave together."""
    found = []
    networks = evidence.networks
    rows = {row.model: row for row in evidence.rows if row.framework == "pytorch-timm" and level.LAYOUT in row.software}
    groups = dict(grouped(networks, _figures_of))
    for number, fold in enumerate(variances["folds"]):
        mine = [group for index, group in enumerate(groups.values()) if index % len(variances["folds"]) == number]
        predicted, deviation = level.left_out_levels(networks, fold, mine)
        for group in mine:
            for i in group:
                row, error = rows[networks[i].model], float(predicted[i] - networks[i].log_rate)
                found.append(
                    row_error(
                        "model",
                        evidence,
                        row,
                        error,
                        deviation=float(deviation[i]),
                        group=str(_figures_of(networks[i])),
                    )
                )
    return found


def filled_levels_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every network on the RTX 3090 predicted without its activations, from the other half of the networks."""
    networks = evidence.networks
    rows = {row.model: row for row in evidence.rows if row.framework == "pytorch-timm" and level.LAYOUT in row.software}
    groups = [group for _, group in grouped(networks, _figures_of)]
    found = []
    for number, fold in enumerate(variances["folds"]):
        mine = {i for index, group in enumerate(groups) if index % 2 == number for i in group}
        fit = level.arithmetic_record([network for i, network in enumerate(networks) if i not in mine], fold)
        for i in sorted(mine):
            network = networks[i]
            known = level_of(replace(evidence.models[network.model], activations_millions=None), fit=fit)
            error = known.log_rate - network.log_rate
            group = str(_figures_of(network))
            found.append(
                row_error("model_filled", evidence, rows[network.model], error, deviation=known.deviation, group=group)
            )
    return found


def arithmetic_left_out(evidence: Evidence) -> list[LeftOut]:
    """Models outside timm predicted on every GPU from their arithmetic alone: the level on the RTX 3090, then carried.

    None of their rows is used; the level was learnt from timm's image networks, so language models test it hardest.
    """
    points = response_points(implementations(evidence))
    judged = newest_judged(points, every_source=True)
    in_timm = {network.model for network in evidence.networks}
    found = []
    for name in dict.fromkeys(point.model for point in evidence.points):
        model = evidence.models[name]
        mine = [points[i] for i in sorted(judged) if points[i].model == name and _at_own_size(points[i], model)]
        if not mine or name in in_timm or model.forward_gmacs_per_sample is None:
            continue
        known = level_of(model)
        pseudo = replace(
            mine[0], script=name, gpu=REFERENCE_GPU, precision=Precision.AMP, is_new=True, log_rate=known.log_rate
        )
        kept = [pseudo, *(point for point in points if point.model != name)]
        fitted = posterior_of(kept, evidence.gpus, {0: known.deviation**2})
        mean, covariance = fitted.predict([replace(point, script=name) for point in mine])
        for position, point in enumerate(mine):
            deviation = math.sqrt(float(covariance[position, position]) + NOISE)
            found.append(point_error("model_any_gpu", point, float(mean[position]), deviation, name))
    return found


def frameworks_left_out(evidence: Evidence) -> list[LeftOut]:
    """A (model, framework) pair predicted by the same model in another framework on the same GPU, count and number format."""
    found = []
    by_model: dict[str, list[Benchmark]] = {}
    for row in evidence.rows:
        if row.gpu_count <= 8 and row.framework != "pytorch-timm" and row.model not in NOT_JUDGED:
            by_model.setdefault(row.model, []).append(row)
    for model, rows in by_model.items():
        for framework in sorted({row.framework for row in rows}):
            others = [row for row in rows if row.framework != framework]
            places: dict[tuple[Any, ...], list[Benchmark]] = {}
            for row in rows:
                if row.framework == framework:
                    places.setdefault((row.gpu, row.gpu_count, width_of(row.precision), row.input_size), []).append(row)
            for place, mine in places.items():
                same = [
                    row for row in others if (row.gpu, row.gpu_count, width_of(row.precision), row.input_size) == place
                ]
                script = choose_script(same, None, None)
                wanted = newest_row(mine)
                other = newest_row([one for one in same if script_of(one) == script])
                if wanted is not None and other is not None:
                    error = math.log(other.samples_per_second / wanted.samples_per_second)
                    found.append(
                        row_error("framework", evidence, wanted, error, deviation=1.0, group=f"{model}|{framework}")
                    )
    return found


def _figures_of(network: Network) -> tuple[float, ...]:
    return tuple(round(value, 3) for value in network.figures)


def _at_own_size(point: Point, model: Model) -> bool:
    size = point.script.split("|")[3]
    return not size or model.input_size is None or int(size) == model.input_size
