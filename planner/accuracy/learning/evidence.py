"""The measured rows as points of a regression: one point per script, GPU, precision and software, on one GPU."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from planner.model.frozen import dataclass
from planner.model.records import Benchmark, Gpu, Model, Precision
from planner.throughput.precision import width_of
from planner.throughput.scripts import is_new_generation, script_of
from planner.throughput.tasks import class_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measured (or wanted) single-GPU throughput; `log_rate` is the natural logarithm of samples per second."""

    model: str
    script: str
    task_class: str
    gpu: str
    precision: Precision
    software: str
    is_new: bool
    log_rate: float = math.nan
    base_count: int = 1  # GPUs that were measured together; the rate is that of each of them

    @property
    def width(self) -> str:
        """`16` for mixed precision and bf16, else the precision itself."""
        return width_of(self.precision)

    @property
    def cell(self) -> tuple[str, str, str]:
        """The key that repeated measurements share: model, GPU and number format, whatever the software."""
        return (self.model, self.gpu, self.width)


def single_gpu_points(rows: Iterable[Benchmark], gpus: Mapping[str, Gpu], models: Mapping[str, Model]) -> list[Point]:
    """One point per (script, GPU, precision, software) measured on one GPU; of several batch sizes the most measured.

    Scripts never measured on one GPU (language models sharded over eight) stand with the rate of each GPU at their smallest
    count. timm's rows are left out: they hold one GPU only, so they say nothing about carrying from GPU to GPU.
    """
    usable = [
        row
        for row in rows
        if row.gpu in gpus and row.framework != "pytorch-timm" and row.precision is not Precision.FP16
    ]
    smallest: dict[str, int] = {}
    for row in usable:
        script = script_of(row)
        smallest[script] = min(row.gpu_count, smallest.get(script, row.gpu_count))
    best: dict[tuple[str, str, str, str], Benchmark] = {}
    for row in usable:
        if row.gpu_count == smallest[script_of(row)]:
            key = (script_of(row), row.gpu, row.precision, row.software)
            held = best.get(key)
            if held is None or _weight(row) > _weight(held):
                best[key] = row
    return [
        point_of(row, model=row.model, script=script_of(row), task_class=class_of(models[row.model]))
        for row in best.values()
    ]


def _weight(row: Benchmark) -> tuple[int, int]:
    return (row.machines, row.batch_size_per_gpu or 0)


def point_of(row: Benchmark, *, model: str, script: str, task_class: str) -> Point:
    """A measurement as the point of a model, script and class: the rate of each of its GPUs."""
    return Point(
        model=model,
        script=script,
        task_class=task_class,
        gpu=row.gpu,
        precision=row.precision,
        software=row.software,
        is_new=is_new_generation(row),
        log_rate=math.log(row.samples_per_second / row.gpu_count),
        base_count=row.gpu_count,
    )
