"""The tables of boosted trees: measured runs, and how far times are off on machines left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from planner.hardware.tables import read_rows, read_table
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRange:
    """How far times of a tool are off on machines left out, from `data/tree_ranges.csv`.

    `half_width_ln` holds nine in ten of `errors` natural logs; `is_known` says that the device itself ran on another machine.
    """

    tool: str
    is_gpu: bool
    is_known: bool
    errors: int
    machines: int
    half_width_ln: float
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One measured run of 100 rounds at depth 10, from `data/tree_runs.csv`; `cores` is `None` on a GPU."""

    tool: str
    rows: int
    device: str
    cores: int | None
    seconds: float
    machine: str
    release: int
    as_of: str
    source: str


def load_tree_rows() -> Sequence[TreeRow]:
    """Every measured run, in the order of the table."""
    return read_rows("tree_runs.csv", TreeRow)


@cache
def tree_ranges() -> Mapping[tuple[str, bool, bool], TreeRange]:
    """Ranges by tool, whether it runs on a GPU, and whether the device is known from another machine."""
    return read_table("tree_ranges.csv", TreeRange, lambda row: (row.tool, row.is_gpu, row.is_known))
