"""What a prediction may know: the shipped rows and what was learnt from them, unless something is left out to judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.model.frozen import dataclass
from planner.model.records import Benchmark
from planner.throughput.learnt import Record, learnt_of_class, learnt_of_script, load_between, load_learnt
from planner.throughput.measured import benchmarks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The sources of a prediction, each a function that finds one thing by its name."""

    rows_of: Callable[[str], Sequence[Benchmark]] = benchmarks_of
    script: Callable[[str], Record | None] = learnt_of_script
    task_class: Callable[[str], Record] = learnt_of_class
    scaling: Callable[[], Record] = lambda: load_learnt()["scaling"]
    arithmetic: Callable[[], Mapping[str, Any] | None] = lambda: None  # None: the published `arithmetic.json`
    between: Callable[[], Record] = load_between


SHIPPED = Knowledge()
