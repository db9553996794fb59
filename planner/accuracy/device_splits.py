"""The splits beside those of the rows that are learnt from: trees, processors, AMD cards, runs of our own, rows of others kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from planner.accuracy import apart_errors, own_run_errors, processor_errors, radeon_errors, tree_machines
from planner.accuracy.results import SplitResult, Validation
from planner.throughput.tree_rows import load_tree_rows

DEVICE_SPLITS: Mapping[str, Callable[[], SplitResult]] = {
    tree_machines.SPLIT: tree_machines.tree_split,
    processor_errors.NETWORK: processor_errors.network_split,
    processor_errors.PROCESSOR: processor_errors.processor_split,
    radeon_errors.CARD: radeon_errors.card_split,
    radeon_errors.NETWORK: radeon_errors.network_split,
    own_run_errors.BEFORE: own_run_errors.own_runs_before_split,
    own_run_errors.RUNS: own_run_errors.own_runs_split,
    own_run_errors.STACK: own_run_errors.own_runs_stack_split,
    own_run_errors.MEMORY: own_run_errors.own_runs_memory_split,
    own_run_errors.MEMORY_STACK: own_run_errors.own_runs_memory_stack_split,
    **apart_errors.APART_SPLITS,
}
"""By name; each takes a second or two."""


def device_splits(wanted: Sequence[str] = ()) -> tuple[SplitResult, ...]:
    """The splits named; all if none is."""
    return tuple(made() for name, made in DEVICE_SPLITS.items() if not wanted or name in wanted)


def device_validation(wanted: Sequence[str]) -> Validation:
    """A report of these splits alone."""
    rows = load_tree_rows()
    return Validation(rows=len(rows), newest_row=max(row.as_of for row in rows), splits=device_splits(wanted), worst=())
