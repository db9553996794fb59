"""Measured training throughput: the shipped benchmark rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from planner.model.records import Benchmark, Precision
from planner.paths import shipped_data_dir

SET_ASIDE = "set-aside.csv"


@lru_cache(maxsize=64)
def benchmarks_of(model: str) -> tuple[Benchmark, ...]:
    """Every benchmark row of one model (its canonical name), in the order of the files."""
    return tuple(_benchmark(row) for path in benchmark_files() for row in _rows_of(path, model))


def load_benchmarks() -> list[Benchmark]:
    """Every benchmark row of every model, in the order of the files."""
    found = []
    for path in benchmark_files():
        with path.open(encoding="utf-8", newline="") as file:
            found += [_benchmark(row) for row in list(csv.reader(file))[1:]]
    return found


def set_aside() -> list[tuple[Benchmark, str]]:
    """Rows that are kept but never used, each with the reason, in the order of their file."""
    with (shipped_data_dir() / "throughput" / SET_ASIDE).open(encoding="utf-8", newline="") as file:
        return [(_benchmark(row), row[-1]) for row in list(csv.reader(file))[1:]]


def benchmark_files() -> list[Path]:
    """The shipped files of benchmark rows, by name; rows set aside are not among them."""
    return sorted(path for path in (shipped_data_dir() / "throughput").glob("*.csv") if path.name != SET_ASIDE)


def _rows_of(path: Path, model: str) -> Iterator[list[str]]:
    # the model is the first column and is never quoted: parsing only its lines is ten times faster
    prefix = model + ","
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(line for line in file if line.startswith(prefix))


def _benchmark(row: list[str]) -> Benchmark:
    return Benchmark(
        model=row[0],
        framework=row[1],
        software=row[2],
        gpu=row[3],
        gpu_count=int(row[4]),
        precision=Precision(row[5]),
        batch_size_per_gpu=int(row[6]) if row[6] else None,
        input_size=int(row[7]) if row[7] else None,
        samples_per_second=float(row[8]),
        low=float(row[9]),
        high=float(row[10]),
        machines=int(row[11]),
        sample_unit=row[12],
        as_of=row[13],
        source=row[14],
    )
