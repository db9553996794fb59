"""Says which tables a learnt file was learnt from, so that one that no longer matches its rows is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from planner.paths import shipped_data_dir
from planner.throughput.measured import BETWEEN_SOURCES, benchmark_files

STEP_TABLES = (
    "adapter_steps.csv",
    "h100_steps.csv",
    "language_stacks.csv",
    "parallel_iterations.csv",
    "published_runs.csv",
    "throughput/lambda.csv",
    "throughput/llm-foundry.csv",
)
"""The steps and runs that stacks of language models are learnt from."""


def checksums_of_rows() -> dict[str, str]:
    """The SHA-256 of every table of rows that how scripts and classes respond to GPUs is learnt from, by its name."""
    return _checksums([*benchmark_files(), shipped_data_dir() / "throughput" / BETWEEN_SOURCES])


def checksums_of_steps() -> dict[str, str]:
    """The SHA-256 of every table that stacks of language models are learnt from, by its name."""
    return _checksums(shipped_data_dir() / name for name in STEP_TABLES)


def _checksums(paths: Iterable[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}
