"""Codes of other laboratories: each stands for a user who measured one of its cells and asks for another one.

Nothing is learnt from them. The form of the ranges was chosen while errors of some were looked at: those are judged apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from planner.accuracy.learning.implementations import Implementation
from planner.accuracy.learning.leave_out_sources import SourceError, own_errors
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Benchmark, Model
from planner.throughput.knowledge import SHIPPED
from planner.throughput.measured import OneMachine
from planner.throughput.tasks import stack_class_of
from planner.work.listed import load_models


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCell(OneMachine):
    """A row of `data/apart_runs.csv`. `looked_at`: when its errors were, or empty.

    `gpu_assumed`: what the source does not say of the GPU (`memory`), or empty.
    """

    publication: str
    looked_at: str
    code: str
    gpu_assumed: str

    @property
    def benchmark(self) -> Benchmark:
        """The row as a measurement of its own model."""
        return self.as_benchmark(self.model, framework=self.code, software="", input_size=None)


def codes_of(cells: Sequence[PublishedCell]) -> list[Implementation]:
    """Every code of every publication, by name, with all of its cells."""
    by_name: dict[tuple[str, str, str], list[PublishedCell]] = {}
    for cell in cells:
        by_name.setdefault((cell.publication, cell.code, cell.model), []).append(cell)
    found = []
    for name, mine in by_name.items():
        model = _model_of(mine[0])
        rows = tuple(cell.benchmark for cell in mine)
        found.append(
            Implementation(
                name="|".join(name),
                model=model,
                stack_class=stack_class_of(model),
                origin=mine[0].publication,
                cells=rows,
                rows=rows,
                is_another_job=False,
            )
        )
    return found


def published_cells() -> list[PublishedCell]:
    """Every row, in the order of the file."""
    return read_rows("apart_runs.csv", PublishedCell)


def steps_apart(split: str, cells: Sequence[PublishedCell]) -> list[SourceError]:
    """The errors of one step (`own_gpu` and its like) within codes that nothing is learnt from, with their batches where stated."""
    return [one for code in codes_of(cells) for one in own_errors(split, code, SHIPPED)]


def _model_of(cell: PublishedCell) -> Model:
    listed = _listed().get(cell.model)
    if listed is not None and listed.sample_unit == cell.sample_unit:
        return listed
    return Model(name=cell.model, task=cell.task, sample_unit=cell.sample_unit, source=cell.source)


@cache
def _listed() -> dict[str, Model]:
    return {model.name: model for model in load_models()}
