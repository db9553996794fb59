"""How far measurements that nothing was learnt from lie from what is carried from one of them: the splits that begin with `apart`.

Each code (publication, script, model) stands in for a user: one of its cells is the own measurement, another one is asked for, both
with their batches where they are stated. `data/apart_runs.csv` is read here and nowhere else.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

from planner.accuracy.results import SplitResult
from planner.accuracy.stack_levels import Judged
from planner.accuracy.stack_validation import summary_of
from planner.errors import NoThroughputError
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Model, OwnMeasurement, Precision, Throughput, Workload
from planner.throughput.precision import width_of
from planner.throughput.tasks import stack_class_of
from planner.throughput.workload_prediction import Prediction

STEPS = {
    # name: whether GPU, number of GPUs and number format stay, and what is asked for
    "apart_count": ((True, False, True), "another number of GPUs"),
    "apart_gpu": ((False, True, True), "another GPU"),
    "apart_both": ((False, False, True), "another GPU and number"),
    "apart_format": ((True, True, False), "another number format"),
}
MOST_PER_CODE = 24
"""Pairs of cells of one code, spread evenly: some have hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApartRow:
    """A row of `data/apart_runs.csv`; the rate is that of all GPUs together."""

    publication: str
    code: str
    model: str
    task: str
    sample_unit: str
    gpu: str
    gpu_count: int
    precision: Precision
    batch_size_per_gpu: int | None
    samples_per_second: float
    source: str
    as_of: str


def apart_split(name: str) -> SplitResult:
    """One of the splits; each code has the weight 1."""
    stays, what = STEPS[name]
    codes: dict[tuple[str, str, str], list[ApartRow]] = {}
    for row in apart_rows():
        codes.setdefault((row.publication, row.code, row.model), []).append(row)
    judged = [one for key, rows in codes.items() for one in _of_code("|".join(key), rows, stays)]
    publications = sorted({one.publication.partition("|")[0] for one in judged})
    classes = sorted({one.group for one in judged})
    return SplitResult(
        split=name,
        basis="scaled",
        left_out="every row of the publication",
        still_known=f"one cell of a code, and batches where stated; {what}",
        errors=summary_of("prediction", judged),
        baselines=(),
        groups={
            "stack_class": tuple(summary_of(one, [each for each in judged if each.group == one]) for one in classes),
            "publication": tuple(
                summary_of(one, [each for each in judged if each.publication.partition("|")[0] == one])
                for one in publications
            ),
        },
    )


def apart_rows() -> tuple[ApartRow, ...]:
    """Every row, in the order of the file."""
    return tuple(read_rows("apart_runs.csv", ApartRow))


APART_SPLITS: Mapping[str, Callable[[], SplitResult]] = {name: functools.partial(apart_split, name) for name in STEPS}
"""By name."""


def _of_code(name: str, rows: Sequence[ApartRow], stays: tuple[bool, bool, bool]) -> list[Judged]:
    pairs = [(known, row) for row in rows for known in rows if _same(known, row) == stays]
    step = max(1, len(pairs) // MOST_PER_CODE)
    found = [(row, one) for known, row in pairs[::step] if (one := _foretold(known, row)) is not None]
    return [_judged(name, row, one, 1 / len(found)) for row, one in found]


def _same(known: ApartRow, row: ApartRow) -> tuple[bool, bool, bool]:
    same_format = width_of(known.precision) == width_of(row.precision)
    return known.gpu == row.gpu, known.gpu_count == row.gpu_count, same_format


def _foretold(known: ApartRow, row: ApartRow) -> Throughput | None:
    """One row carried from another; `None` where the GPU lacks the number format."""
    batches = (known.batch_size_per_gpu, row.batch_size_per_gpu)
    states_batch = None not in batches
    own = OwnMeasurement(
        gpu=known.gpu,
        gpu_count=known.gpu_count,
        precision=known.precision,
        samples_per_second=known.samples_per_second,
        batch_size=known.batch_size_per_gpu if states_batch else None,
    )
    workload = Workload(
        model=_model_of(row),
        dataset=None,
        samples_per_epoch=1,
        epochs=1,
        precision=row.precision,
        batch_size=row.batch_size_per_gpu if states_batch else None,
        measured=(own,),
    )
    try:
        return Prediction(workload).of(row.gpu, row.gpu_count)
    except NoThroughputError:
        return None


def _judged(code: str, row: ApartRow, found: Throughput, weight: float) -> Judged:
    return Judged(
        publication=code,
        group=stack_class_of(_model_of(row)),
        error=math.log(row.samples_per_second / found.samples_per_second),
        is_inside=found.low <= row.samples_per_second <= found.high,
        width=found.high / found.low,
        weight=weight,
    )


def _model_of(row: ApartRow) -> Model:
    return Model(name=row.model, task=row.task, sample_unit=row.sample_unit, source=row.source)
