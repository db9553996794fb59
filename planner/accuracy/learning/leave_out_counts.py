"""Predicts left-out rows of several GPUs and several machines from one."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from planner.accuracy.learning import scaling
from planner.accuracy.learning.left_out import LAMBDA, NOT_JUDGED, Evidence, LeftOut, grouped, row_error
from planner.accuracy.learning.scaling import Scaled
from planner.model.records import Benchmark
from planner.throughput.precision import width_of
from planner.throughput.scaling import EFFICIENCY_BOUNDS, log_efficiency
from planner.throughput.scripts import is_new_generation, origin_of, script_of

SAME_BATCH = 1.35  # multi-node rows with batches further apart than this are not compared


def counts_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Rows of several GPUs predicted from the single GPU and from how everything else scales.

    `counts_pair`: all counts of a model on a GPU leave together, in every number format and software; `counts`: those
    of one number format; `counts_gpu`: all counts of all models on that GPU.
    """
    points = evidence.scaled
    splits: dict[str, Callable[[Scaled], Hashable]] = {
        "counts_pair": lambda point: (point.model, point.gpu),
        "counts": lambda point: (point.model, point.gpu, width_of(point.precision)),
        "counts_gpu": lambda point: point.gpu,
    }
    found = []
    for fold in variances["gpu_folds"]:
        fitted = scaling.scaling_posterior(points, evidence.gpus, fold["variances"])
        for split, key in splits.items():
            for name, group in grouped(points, key):
                if points[group[0]].gpu in fold["without"]:
                    eta, deviation = fitted.left_out(group)
                    for position, i in enumerate(group):
                        point = points[i]
                        if point.origin == LAMBDA and point.model not in NOT_JUDGED and point.row is not None:
                            found.append(
                                _scaling_error(
                                    split,
                                    evidence,
                                    point,
                                    eta=float(eta[position]),
                                    deviation=float(deviation[position]),
                                    group=str(name),
                                )
                            )
    return sorted(found, key=lambda one: tuple(splits).index(one.split))


def nodes_left_out(evidence: Evidence) -> list[LeftOut]:
    """Rows of several machines predicted from one machine of eight GPUs by the usual loss per doubling alone.

    The sources do not state the network of each row; all are clusters with 400 Gbit/s a machine or more.
    """
    pairs = node_pairs(evidence.rows)
    found = []
    for row, base in pairs:
        others = [loss_per_doubling(*pair) for pair in pairs if script_of(pair[0]) != script_of(row)]
        loss = float(np.median(others))
        efficiency = 1.0 / (1.0 + loss * math.log2(row.gpu_count / base.gpu_count))
        predicted = base.samples_per_second * row.gpu_count / base.gpu_count * efficiency
        error = math.log(predicted / row.samples_per_second)
        found.append(
            row_error(
                "nodes",
                evidence,
                row,
                error,
                deviation=math.log2(row.gpu_count / base.gpu_count) ** 0.5,
                group=script_of(row),
            )
        )
    return found


def node_pairs(rows: Iterable[Benchmark]) -> list[tuple[Benchmark, Benchmark]]:
    """Every row of several machines with the row of one machine of eight GPUs in the same setting."""
    bases: dict[tuple[Any, ...], Benchmark] = {}
    wide = []
    for row in rows:
        key = (script_of(row), row.software, row.gpu, row.precision)
        if row.gpu_count == 8 and row.batch_size_per_gpu:
            bases[(*key, row.batch_size_per_gpu)] = row
        elif row.gpu_count > 8 and origin_of(row) != LAMBDA and row.batch_size_per_gpu:
            wide.append((key, row))
    found = []
    for key, row in wide:
        size = row.batch_size_per_gpu or 1
        near = [
            base
            for base_key, base in bases.items()
            if base_key[:4] == key and 1 / SAME_BATCH < base_key[4] / size < SAME_BATCH
        ]
        if near:
            found.append((row, min(near, key=lambda base: abs((base.batch_size_per_gpu or 1) - size))))
    return found


def loss_per_doubling(row: Benchmark, base: Benchmark) -> float:
    """Time that each doubling of the machines adds to a step, as a share of it."""
    efficiency = row.samples_per_second / row.gpu_count / (base.samples_per_second / base.gpu_count)
    return (1.0 / efficiency - 1.0) / math.log2(row.gpu_count / base.gpu_count)


def _scaling_error(
    split: str, evidence: Evidence, point: Scaled, *, eta: float, deviation: float, group: str
) -> LeftOut:
    row, single = point.row, point.single
    if row is None or single is None:
        raise ValueError(f"{point.script} on {point.gpu_count} x {point.gpu} was never measured")
    held = min(max(point.efficiency, EFFICIENCY_BOUNDS[0]), EFFICIENCY_BOUNDS[1])
    measured_eta = math.log(1.0 / held - 1.0)
    error = log_efficiency(eta) - math.log(point.efficiency)
    left_out = row_error(split, evidence, row, error, deviation=deviation, group=group)
    # within the noise of the measurement an efficiency near 1 is right whatever eta is
    is_noise = abs(error) <= scaling.EFFICIENCY_NOISE
    return replace(
        left_out,
        eta_error=0.0 if is_noise else eta - measured_eta,
        single=single.samples_per_second,
        is_new=is_new_generation(row),
    )
