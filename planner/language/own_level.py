"""A language model at the level of the user's own runs: what was measured, and the prediction of other machines moved by as much."""

from __future__ import annotations

import math
from dataclasses import replace

from planner.errors import NoThroughputError
from planner.hardware.gpus import shown_key
from planner.language.prediction import on_machines
from planner.model.records import Basis, OwnMeasurement, Throughput, Workload
from planner.throughput.precision import width_of
from planner.throughput.ranges import together


def at_own_level(
    workload: Workload, found: Throughput | NoThroughputError, gpu: str, gpu_count: float
) -> Throughput | NoThroughputError:
    """The throughput as own runs have it; `found` is the prediction for that many GPUs, or why there is none.

    Own runs take away what all rows have in common, how fast the code is: part two of the range stays, and that of the runs comes on top.
    """
    own, precision, work = workload.measured, workload.precision, workload.language
    if not own or work is None:
        return found
    total = gpu_count * work.node_count
    for one in own:
        same_width = precision is None or width_of(one.precision) == width_of(precision)
        if (one.gpu, float(one.gpu_count)) == (gpu, total) and same_width:
            return _as_measured(one, found)
    if isinstance(found, NoThroughputError):
        return found
    moves = [move for one in own if (move := _move(workload, one)) is not None]
    if not moves:
        return NoThroughputError(
            "your own runs are on machines that nothing is predicted of, so they cannot be carried over"
        )
    middle = math.fsum(move for move, _, _ in moves) / len(moves)
    below = together(math.log(found.samples_per_second / found.relative_ends[0]), max(half for _, half, _ in moves))
    above = together(math.log(found.relative_ends[1] / found.samples_per_second), max(half for _, _, half in moves))
    rate = found.samples_per_second * math.exp(middle)
    step = f"x {math.exp(middle):.3f}, as your own runs compare with what is predicted of them: {rate:,.6g} tokens/s"
    return replace(
        found,
        samples_per_second=rate,
        low=rate * math.exp(-below),
        high=rate * math.exp(above),
        relative_low=None,
        relative_high=None,
        basis=Basis.SCALED,
        stack="the software of your own run",
        sources=(*(f"own run on {one.gpu_count} x {shown_key(one.gpu)}" for one in own), *found.sources),
        steps=(*found.steps, step),
    )


def _as_measured(one: OwnMeasurement, found: Throughput | NoThroughputError) -> Throughput:
    """The run itself; it did fit into memory."""
    notes = () if isinstance(found, NoThroughputError) else found.notes
    low, high = one.ends
    return Throughput(
        samples_per_second=one.samples_per_second,
        low=low,
        high=high,
        basis=Basis.MEASURED_BY_YOU,
        precision=one.precision,
        stack="the software of your own run",
        sources=(f"own run on {one.gpu_count} x {shown_key(one.gpu)}",),
        fits_memory=True,
        steps=(
            f"own run: {one.samples_per_second:,.6g} tokens/s on {one.gpu_count} x {shown_key(one.gpu)} in {one.precision}",
        ),
        notes=notes,
    )


def _move(workload: Workload, one: OwnMeasurement) -> tuple[float, float, float] | None:
    """How far a run lies from its prediction, with the half widths of its own range; `None` where nothing is predicted of it."""
    if workload.language is None:
        return None
    alone = replace(workload, language=replace(workload.language, node_count=1), precision=one.precision, measured=())
    predicted = on_machines(alone, one.gpu, one.gpu_count, None)
    if isinstance(predicted, NoThroughputError):
        return None
    low, high = one.ends
    rate = one.samples_per_second
    return math.log(rate / predicted.samples_per_second), math.log(rate / low), math.log(high / rate)
