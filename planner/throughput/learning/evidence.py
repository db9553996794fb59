"""The measured rows as points of a regression: one point per job, GPU, precision and software, on one GPU."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from planner.model import Benchmark, Gpu, Model, Precision
from planner.throughput.jobs import is_new_generation, job_of
from planner.throughput.precision import width_of

TASK_CLASSES = (
    # (what the task's name holds, class): the classes whose models respond alike to a GPU's figures
    ("speech-synthesis", "audio"),
    ("recommendation", "tables"),
    ("collaborative", "tables"),
    ("image", "vision"),
    ("detection", "vision"),
    ("segmentation", "vision"),
    ("language", "text"),
    ("fine-tuning", "text"),
    ("pre-training", "text"),
    ("translation", "text"),
)
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measured (or wanted) single-GPU throughput; `log_rate` is the natural logarithm of samples per second."""

    model: str
    job: str
    task_class: str
    gpu: str
    precision: Precision
    software: str
    is_new: bool
    log_rate: float = math.nan

    @property
    def width(self) -> str:
        """`16` for mixed precision and bf16, else the precision itself."""
        return width_of(self.precision)

    @property
    def cell(self) -> tuple[str, str, str]:
        """What repeated measurements share: model, GPU and number format, whatever the software."""
        return (self.model, self.gpu, self.width)


def task_class(task: str) -> str:
    """The class of a task: vision, text, audio, tables or other."""
    lower = task.lower()
    return next((name for part, name in TASK_CLASSES if part in lower), OTHER)


def single_gpu_points(
    rows: Iterable[Benchmark], gpus: Mapping[str, Gpu], models: Mapping[str, Model]
) -> list[Point]:
    """One point per (job, GPU, precision, software) measured on one GPU; of several batch sizes the most measured.

    timm's rows are left out: they hold one GPU only, so they say nothing about how a model carries from GPU to GPU.
    """
    best: dict[tuple[str, str, str, str], Benchmark] = {}
    for row in rows:
        if row.gpu_count != 1 or row.gpu not in gpus or row.framework == "pytorch-timm" or row.precision is Precision.FP16:
            continue
        key = (job_of(row), row.gpu, row.precision, row.software)
        held = best.get(key)
        if held is None or (row.machines, row.batch_size_per_gpu or 0) > (held.machines, held.batch_size_per_gpu or 0):
            best[key] = row
    return [_point(row, models) for row in best.values()]


def _point(row: Benchmark, models: Mapping[str, Model]) -> Point:
    return Point(
        model=row.model,
        job=job_of(row),
        task_class=task_class(models[row.model].task),
        gpu=row.gpu,
        precision=row.precision,
        software=row.software,
        is_new=is_new_generation(row),
        log_rate=math.log(row.samples_per_second),
    )
