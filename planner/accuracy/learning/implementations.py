"""Implementations: one model in one repository, framework and input size, and the cells that each of them measured.

Cells of one implementation are not independent: whatever is said of strangers' code counts implementations, not rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from planner.accuracy.learning.left_out import Evidence
from planner.model.frozen import dataclass
from planner.model.records import Benchmark, Model, Precision
from planner.throughput.measured import source_rows
from planner.throughput.precision import width_of
from planner.throughput.scaling import MAX_GPUS_PER_MACHINE
from planner.throughput.scripts import BINNED, is_new_generation, newest_row, origin_of, script_of
from planner.throughput.tasks import stack_class_of

TIMM = "huggingface/pytorch-image-models"
LANGUAGE = "language-model pre-training"
"""Decoders are planned by the arithmetic of their shape and judged in splits of their own."""
ANOTHER_JOB = (
    "gnmt-v2|tensorflow1|NVIDIA/DeepLearningExamples|",  # counts other tokens: 2.8 times fewer
    "bart-large-summarization|pytorch|NVIDIA/DeepLearningExamples|",  # fine-tuning on summaries, of a length that is not stated
    "wide-and-deep|tensorflow1|NVIDIA/DeepLearningExamples|",  # another network than TensorFlow 2's: 6 times as fast
    "wide-and-deep|tensorflow2|NVIDIA/DeepLearningExamples|",
    *BINNED,
)
"""Implementations that share a model's name and not its work: no yardstick for each other's speed."""
MACHINES_OF_NVIDIA = 8  # GPUs; more are several machines there


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """One implementation: its model, its class, the row of each cell that stands for today."""

    name: str  # model|framework|repository|input size
    model: Model
    stack_class: str
    origin: str
    cells: tuple[Benchmark, ...]
    rows: tuple[Benchmark, ...]  # all of its rows, whatever their software
    is_another_job: bool


def implementations(evidence: Evidence) -> list[Implementation]:
    """Every implementation of the shipped rows and of those kept to compare sources with, by name; timm's come last."""
    others = source_rows()
    models = dict(evidence.models)
    for other in others:
        if not other.like:
            models.setdefault(other.model, _bare_model(other.model, other.task, other.sample_unit))
    by_name: dict[str, list[Benchmark]] = {}
    for row in (*evidence.rows, *(other.benchmark for other in others)):
        if models[row.model].task != LANGUAGE and row.precision is not Precision.FP16 and row.gpu in evidence.gpus:
            by_name.setdefault(script_of(row), []).append(row)
    return [_implementation(name, rows, models) for name, rows in by_name.items()]


def rivals(found: Sequence[Implementation]) -> list[Implementation]:
    """The implementations of models that two or more measured, at the same work."""
    alike = [one for one in found if not one.is_another_job]
    count: dict[str, int] = {}
    for one in alike:
        count[one.model.name] = count.get(one.model.name, 0) + 1
    return [one for one in alike if count[one.model.name] > 1]


def _implementation(name: str, rows: Sequence[Benchmark], models: Mapping[str, Model]) -> Implementation:
    by_cell: dict[tuple[str, int, str], list[Benchmark]] = {}
    for row in rows:
        if _is_one_machine(row):
            by_cell.setdefault((row.gpu, row.gpu_count, width_of(row.precision)), []).append(row)
    cells = [newest for group in by_cell.values() if (newest := newest_row(group)) is not None]
    if any(is_new_generation(row) for row in cells):
        cells = [row for row in cells if is_new_generation(row) or not row.software.startswith("PyTorch 1.4")]
    model = models[rows[0].model]
    return Implementation(
        name=name,
        model=model,
        stack_class=stack_class_of(model),
        origin=origin_of(rows[0]),
        cells=tuple(sorted(cells, key=lambda row: (row.gpu, row.gpu_count, row.precision))),
        rows=tuple(rows),
        is_another_job=name in ANOTHER_JOB,
    )


def _is_one_machine(row: Benchmark) -> bool:
    return row.gpu_count <= (MAX_GPUS_PER_MACHINE if row.source.startswith("lambdal/") else MACHINES_OF_NVIDIA)


def _bare_model(name: str, task: str, unit: str) -> Model:
    return Model(
        name=name,
        task=task,
        sample_unit=unit,
        source="data/throughput/between-sources.csv",
    )


def names(found: Iterable[Implementation]) -> list[str]:
    """The names of the implementations, in order."""
    return [one.name for one in found]
