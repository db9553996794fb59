"""The tables of processors at work: networks trained on them, and networks run forward."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from planner.errors import DataError
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Model

TRAINING, INFERENCE = "processor_runs.csv", "processor_inference.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorRun:
    """One measured rate of a network on so many of a device, in 32 bits; in `data/processor_runs.csv` GPUs of the same source too.

    `batch_size` is `None` where the source does not state it.
    """

    model: str
    device: str
    device_count: int
    precision: str
    batch_size: int | None
    input_size: int
    samples_per_second: float
    sample_unit: str
    software: str
    as_of: str
    source: str


@cache
def training_runs() -> Sequence[ProcessorRun]:
    """Every measured training, in the order of the table."""
    return read_rows(TRAINING, ProcessorRun)


@lru_cache(maxsize=64)
def inference_runs(model: str) -> Sequence[ProcessorRun]:
    """What was measured of one model forward alone."""
    found = read_rows(INFERENCE, ProcessorRun, holding=f"\n{model},")
    return [run for run in found if run.model == model]


@lru_cache(maxsize=64)
def measured_model(name: str) -> Model:
    """The arithmetic of a model that a row names, from `data/models.csv`.

    Raises:
        DataError: there is no such model.
    """
    for model in read_rows("models.csv", Model, holding=f"\n{name},"):
        if model.name == name:
            return model
    raise DataError(f"models.csv has no {name}, which {TRAINING} or {INFERENCE} names. Reinstall gpu-cost-planner.")
