"""The results of a validation: errors and coverage of each split."""

from __future__ import annotations

from collections.abc import Mapping

from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSummary:
    """Absolute percentage errors as fractions; `bias` is the mean signed error; `coverage` that of the 90 % range."""

    name: str
    n: int
    median: float
    mean: float
    p90: float
    bias: float
    coverage: float | None
    width: float | None = None  # median of high over low of the ranges; None: not worked out


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitResult:
    """One split: the errors, what simple rules give on the same cells, and the same by group."""

    split: str
    basis: str
    left_out: str
    still_known: str
    errors: ErrorSummary
    baselines: tuple[ErrorSummary, ...]
    groups: Mapping[str, tuple[ErrorSummary, ...]]  # by "gpu_family", "task" and others


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCell:
    """One of the cells a prediction missed most."""

    split: str
    model: str
    gpu: str
    gpu_count: int
    number_format: str
    measured: float
    predicted: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The whole report."""

    rows: int
    newest_row: str
    splits: tuple[SplitResult, ...]
    worst: tuple[WorstCell, ...]
