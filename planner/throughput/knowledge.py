"""What a prediction may know: the shipped rows and what was learnt from them, unless something is left out to judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from planner.model.frozen import dataclass
from planner.model.records import Benchmark
from planner.throughput.learnt import (
    Record,
    gpu_index,
    learnt_at_equal_batches,
    learnt_of_class,
    learnt_of_script,
    load_between,
    load_learnt,
)
from planner.throughput.measured import benchmarks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The sources of a prediction, each a function that finds one thing by its name."""

    rows_of: Callable[[str], Sequence[Benchmark]] = benchmarks_of
    script: Callable[[str], Record | None] = learnt_of_script
    task_class: Callable[[str], Record] = learnt_of_class
    equal_batches: Callable[[str], Record] = learnt_at_equal_batches
    """As `task_class`, where every GPU takes the same batch, not one that fills its memory."""
    batch: Callable[[], Mapping[str, float]] = lambda: load_learnt()["batch"]
    scaling: Callable[[], Record] = lambda: load_learnt()["scaling"]
    arithmetic: Callable[[], Mapping[str, Any] | None] = lambda: None  # None: the published `arithmetic.json`
    between: Callable[[], Record] = load_between
    index: Callable[[], Mapping[str, int]] = gpu_index
    """The place of each GPU in the lists of `script` and `scaling`."""


SHIPPED = Knowledge()


def knowing(gpus: Iterable[str]) -> Knowledge:
    """What is known of the shipped GPUs and of these, which may stand in no table; each time it is worked out anew."""
    strangers = sorted({gpu for gpu in gpus if gpu not in gpu_index()})
    if not strangers:
        return SHIPPED
    from planner.throughput import unlearnt  # noqa: PLC0415 - few name such a GPU

    fit = cache(lambda: unlearnt.with_unlearnt_gpus(deepcopy(load_learnt()), strangers))

    def script(name: str) -> Record | None:
        found = learnt_of_script(name)
        return None if found is None else unlearnt.script_with_unlearnt_gpus(deepcopy(found), fit())

    return Knowledge(
        script=cache(script),
        task_class=cache(lambda name: unlearnt.carry_with_unlearnt_gpus(deepcopy(learnt_of_class(name)), fit())),
        equal_batches=cache(
            lambda name: unlearnt.carry_with_unlearnt_gpus(deepcopy(learnt_at_equal_batches(name)), fit())
        ),
        scaling=lambda: fit()["scaling"],
        index=cache(lambda: {name: place for place, name in enumerate(fit()["gpus"])}),
    )
