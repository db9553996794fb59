"""Makes the workload of boosted trees: a tool, rows, columns, rounds and depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.errors import Sentence, UsageError, named
from planner.model.records import Model, Precision, Workload
from planner.model.tree_runs import TreeRun
from planner.options.arguments import WorkArguments, WorkloadArguments
from planner.options.declared import declared
from planner.options.readers import amount_of
from planner.throughput.tree_changes import MEASURED_DEPTH, MEASURED_FEATURES, MEASURED_ROUNDS
from planner.work.listed import Work, known_model
from planner.work.tree_tools import tree_tool
from planner.work.unknown import no_model

_ALSO = {"model", "precision", "nodes", "basis", "calibration"}
"""What is said of any work; everything else of networks has no meaning for trees."""


def plan_trees(asked: WorkloadArguments, said: Mapping[str, Any], others: Mapping[str, object]) -> Work:
    """The workload of boosted trees that the arguments describe: a sample is a row that passes through one round.

    Args:
        asked: every argument of a workload.
        said: those of trees that were given.
        others: those of language models that were given; there must be none.

    Raises:
        UsageError: rows are missing, the model boosts no trees, or an argument belongs to networks.
        UnknownNameError: nobody has heard of the model.
    """
    model = asked["model"]
    tool = tree_tool(model)
    if tool is None:
        if model is not None and known_model(model) is None:
            raise no_model(model)
        raise UsageError(
            "{given} is for boosted trees: {model} xgboost, lightgbm or catboost.",
            argument=next(iter(said)),
            given=named(*said),
        )
    given: Mapping[str, Any] = asked
    wrong = [
        *others,
        *(name for name in declared(WorkArguments) if name not in _ALSO and given[name] not in (None, ())),
    ]
    if wrong:
        raise UsageError(
            "{wrong} is not for boosted trees, which take {rows}, {features}, {rounds} and {depth}. What is measured of "
            "another kind needs another name as {model}.",
            argument=wrong[0],
            wrong=named(*wrong),
        )
    rows = amount_of(asked["rows"])
    if rows is None:
        raise UsageError("How many rows has the training data of {tool}? Give {rows}.", argument="rows", tool=tool)
    run = TreeRun(
        tool=tool,
        rows=rows,
        features=asked["features"] or MEASURED_FEATURES,
        rounds=asked["rounds"] or MEASURED_ROUNDS,
        depth=asked["depth"] or MEASURED_DEPTH,
    )
    workload = Workload(
        model=_as_model(tool),
        dataset=None,
        samples_per_epoch=rows,
        epochs=run.rounds,
        precision=Precision.FP32,
        trees=run,
    )
    return Work(workload=workload, samples_source=Sentence("given with {rows}"))


def _as_model(tool: str) -> Model:
    return Model(
        name=tool,
        task="boosted-trees",
        sample_unit="row",
        source="szilard/GBM-perf",
        as_of="2025-11-06",
    )
