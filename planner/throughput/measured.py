"""Measured training throughput: the shipped benchmark rows."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from operator import methodcaller
from pathlib import Path

from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass
from planner.model.records import Benchmark
from planner.paths import shipped_data_dir

SET_ASIDE = "set-aside.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetAside(Benchmark):
    reason: str


@lru_cache(maxsize=64)
def benchmarks_of(model: str) -> tuple[Benchmark, ...]:
    """Every benchmark row of one model (its canonical name), in the order of the files."""
    # the model is the first column and is never quoted: parsing only its lines is ten times faster
    is_wanted = methodcaller("startswith", f"{model},")
    return tuple(row for path in benchmark_files() for row in read_rows(path, Benchmark, is_wanted))


def load_benchmarks() -> list[Benchmark]:
    """Every benchmark row of every model, in the order of the files."""
    return [row for path in benchmark_files() for row in read_rows(path, Benchmark)]


def set_aside() -> list[tuple[Benchmark, str]]:
    """Rows that are kept but never used, each with the reason, in the order of their file."""
    names = [field.name for field in fields(Benchmark)]
    return [
        (Benchmark(**{name: getattr(row, name) for name in names}), row.reason)
        for row in read_rows(f"throughput/{SET_ASIDE}", _SetAside)
    ]


def benchmark_files() -> list[Path]:
    """The shipped files of benchmark rows, by name; rows set aside are not among them."""
    return sorted(path for path in (shipped_data_dir() / "throughput").glob("*.csv") if path.name != SET_ASIDE)
