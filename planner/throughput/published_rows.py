"""A shipped row as the answer for the GPU, number and format that it was measured in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.hardware.gpus import load_gpus
from planner.model.records import Basis, Benchmark, Precision, Throughput
from planner.throughput.batches import Batch
from planner.throughput.precision import precision_notes
from planner.throughput.ranges import measured_reach
from planner.throughput.scripts import is_new_generation, stack_of
from planner.throughput.single_gpu import source_texts


def as_published(
    row: Benchmark,
    alike: Sequence[Benchmark],
    precision: Precision,
    planned: Batch,
    *,
    unit: str,
    common: Sequence[str],
) -> Throughput:
    """The throughput of a row; other software versions of it, `alike`, say how far versions lie apart."""
    versions = {other.software: other for other in [*alike, row]}
    reach = measured_reach(row.model, len(versions))
    rate = row.samples_per_second
    machines = "machine" if row.machines == 1 else f"median of {row.machines} machines"
    batch = f", batch {row.batch_size_per_gpu} a GPU" if row.batch_size_per_gpu else ""
    step = (
        f"measured: {rate:,.6g} {unit}s/s on {row.gpu_count} x {row.gpu} in {row.precision}{batch} "
        f"({stack_of(row)}, {machines}, {row.as_of})"
    )
    spread = (
        f"range: {len(versions)} software versions, {sum(other.machines for other in versions.values())} machines"
        if len(versions) > 1
        else f"range: x or / {math.exp(reach):.3f}, as other containers of the same years differ"
    )
    notes = list(common) + precision_notes(load_gpus()[row.gpu], precision, row.precision)
    if not is_new_generation(row):
        notes.append(
            f"measured in {row.as_of[:4]} with {stack_of(row)}; containers since 2022 are typically 1.1 times faster"
        )
    if planned.note:
        notes.append(planned.note)
    return Throughput(
        samples_per_second=rate,
        low=min([rate * math.exp(-reach), row.low, *(other.low for other in versions.values())]),
        high=max([rate * math.exp(reach), row.high, *(other.high for other in versions.values())]),
        basis=Basis.MEASURED,
        precision=precision,
        stack=stack_of(row),
        sources=source_texts([row, *versions.values()]),
        batch_size_per_gpu=planned.size,
        fits_memory=planned.fits,
        steps=(step, spread),
        notes=tuple(notes),
    )
