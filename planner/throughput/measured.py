"""Measured training throughput: the shipped benchmark rows."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass, names_of
from planner.model.records import Benchmark, Precision
from planner.paths import shipped_data_dir

SET_ASIDE = "set-aside.csv"
BETWEEN_SOURCES = "between-sources.csv"
ANSWERS_ONLY = "answers-only"
"""The folder of rows that answer for what they measured, and from which nothing is learnt of other GPUs and models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetAside(Benchmark):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMachine:
    """The columns that measurements of one machine have in common; the rate is that of all its GPUs together.

    What they mean stands at `Benchmark`.
    """

    model: str
    task: str
    gpu: str
    gpu_count: int
    precision: Precision
    batch_size_per_gpu: int | None
    samples_per_second: float
    sample_unit: str
    as_of: str
    source: str

    def as_benchmark(self, model: str, framework: str, software: str, input_size: int | None) -> Benchmark:
        """The row as a measurement of a model, of which no other machine is known."""
        return Benchmark(
            model=model,
            framework=framework,
            software=software,
            gpu=self.gpu,
            gpu_count=self.gpu_count,
            precision=self.precision,
            batch_size_per_gpu=self.batch_size_per_gpu,
            input_size=input_size,
            samples_per_second=self.samples_per_second,
            low=self.samples_per_second,
            high=self.samples_per_second,
            machines=1,
            sample_unit=self.sample_unit,
            as_of=self.as_of,
            source=self.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow(OneMachine):
    """A measurement of another implementation, from which only is learnt how far implementations lie apart.

    It answers for its own model. `like` is a listed model of the same arithmetic, or empty.
    """

    like: str
    framework: str
    software: str
    input_size: int | None

    @property
    def benchmark(self) -> Benchmark:
        """The row as a measurement of the model that it is like, else of its own."""
        return self.measuring(self.like or self.model)

    def measuring(self, model: str) -> Benchmark:
        """The row as a measurement of a model."""
        return self.as_benchmark(model, self.framework, self.software, self.input_size)


def source_rows() -> list[SourceRow]:
    """Every row that is kept to compare sources with, in the order of its file."""
    return read_rows(f"throughput/{BETWEEN_SOURCES}", SourceRow)


@lru_cache(maxsize=64)
def benchmarks_of(model: str) -> tuple[Benchmark, ...]:
    """Every benchmark row of one model (its canonical name), in the order of the files."""
    # the model is the first column and is never quoted: parsing only its lines is ten times faster
    holding = f"\n{model},"
    paths = (*benchmark_files(), *_answering_files())
    rows = [row for path in paths for row in read_rows(path, Benchmark, holding)]
    others = read_rows(f"throughput/{BETWEEN_SOURCES}", SourceRow, holding)
    return (*rows, *(row.measuring(row.model) for row in others))


def load_benchmarks() -> list[Benchmark]:
    """Every benchmark row that is learnt from, in the order of the files."""
    return [row for path in benchmark_files() for row in read_rows(path, Benchmark)]


def answering_benchmarks() -> list[Benchmark]:
    """Every row that answers for its own model and GPU and is not learnt from, in the order of the files."""
    rows = [row for path in _answering_files() for row in read_rows(path, Benchmark)]
    return [*rows, *(row.measuring(row.model) for row in source_rows())]


def set_aside() -> list[tuple[Benchmark, str]]:
    """Rows that are kept but never used, each with the reason, in the order of their file."""
    names = names_of(Benchmark)
    return [
        (Benchmark(**{name: getattr(row, name) for name in names}), row.reason)
        for row in read_rows(f"throughput/{SET_ASIDE}", _SetAside)
    ]


def benchmark_files() -> list[Path]:
    """The shipped files of benchmark rows that are learnt from, by name."""
    kept = (SET_ASIDE, BETWEEN_SOURCES)
    return [path for path in _tables(shipped_data_dir() / "throughput") if path.name not in kept]


def _answering_files() -> list[Path]:
    return _tables(shipped_data_dir() / "throughput" / ANSWERS_ONLY)


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".csv")
