"""How fast a workload trains on a number of GPUs."""

from __future__ import annotations

from collections.abc import Iterable

from planner.errors import NoThroughputError
from planner.model import Basis, Benchmark, Throughput, Workload
from planner.throughput.measured import benchmarks_of

Cell = tuple[str, float]
"""A GPU key and how many of them work together."""


def predict_many(workload: Workload, cells: Iterable[Cell]) -> dict[Cell, Throughput | NoThroughputError]:
    """Throughput of the workload on each (GPU, count), or the reason why none is known."""
    rows: dict[Cell, list[Benchmark]] = {}
    for row in benchmarks_of(workload.model.name):
        if workload.precision in (None, row.precision):
            rows.setdefault((row.gpu, float(row.gpu_count)), []).append(row)
    return {cell: _measured(rows.get(cell, []), workload) for cell in cells}


def _measured(rows: list[Benchmark], workload: Workload) -> Throughput | NoThroughputError:
    if not rows:
        return NoThroughputError(f"no measured throughput of {workload.model.name}")
    best = max(
        rows,
        key=lambda row: (row.framework.startswith("pytorch"), row.software > "", row.machines >= 3, row.as_of),
    )
    return Throughput(
        samples_per_second=best.samples_per_second,
        low=best.low,
        high=best.high,
        basis=Basis.MEASURED,
        precision=best.precision,
        stack=f"{best.framework} {best.software}",
        sources=(f"{best.source}, {best.as_of}",),
    )
