"""Makes the workload of an answer: of a listed model, of an own one, or of a language model described by its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.errors import UsageError
from planner.model.records import Model, OwnMeasurement
from planner.options.arguments import WorkloadArguments
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.options.tree_arguments import TreeArguments
from planner.work.listed import Work, known_model, plan_work, resolve_model, typical_epochs
from planner.work.tree_tools import tree_tool

OWN_FIGURES = ("gmacs_per_sample", "params_millions", "activations_millions", "measured", "model_file")
"""What can be said of an own model."""

NOT_FOR_LANGUAGE_MODELS = ("dataset", "samples_per_epoch", "batch_size", "framework", *OWN_FIGURES)
"""What language models have other words for."""


def planned_work(asked: WorkloadArguments) -> Work:
    """The workload that the arguments describe, with the user's own measurements.

    It is a language model's if any of its arguments is given, or if no listed or own model goes by the name.

    Args:
        asked: every argument of a workload, defaults filled in.

    Raises:
        UsageError: arguments are missing or contradict each other.
        UnknownNameError: no model goes by that name.
    """
    given: Mapping[str, Any] = asked
    model, epochs, input_size = asked["model"], asked["epochs"], asked["sequence_length_or_image_size"]
    # a flag that is off says nothing
    said = {name: given[name] for name in declared(LanguageArguments) if given[name] not in (None, False)}
    own = {name: given[name] or None for name in OWN_FIGURES}
    is_calibrated = bool(asked["calibration"])
    said_of_trees = {name: given[name] for name in declared(TreeArguments) if given[name] is not None}
    if said_of_trees or tree_tool(model) is not None:
        from planner.work.trees import plan_trees  # noqa: PLC0415 - most runs need none of it

        return plan_trees(asked, said_of_trees, said)
    if _is_language_model(model, said, own):
        from planner.work.language import plan_language_request  # noqa: PLC0415 - most runs need none of it

        length = {} if input_size is None else {"sequence_length": input_size}
        planned = plan_language_request(
            model=model,
            epochs=epochs,
            precision=asked["precision"],
            said={**length, **said},
            general={name: given[name] or None for name in NOT_FOR_LANGUAGE_MODELS},
            node_count=asked["nodes"] or 1,
        )
        return _with_own_runs(planned, asked)
    chosen, measurements, samples_of_file = _described(model, own, asked["precision"], is_calibrated=is_calibrated)
    if epochs is None:
        raise UsageError(
            "How many epochs of {model}? Give {epochs}, the passes over the training data.{typical}",
            argument="epochs",
            model=chosen.name,
            typical=typical_epochs(chosen),
        )
    samples = asked["samples_per_epoch"]
    work = plan_work(
        model=chosen,
        epochs=epochs,
        precision=asked["precision"],
        input_size=input_size,
        dataset=asked["dataset"],
        samples_per_epoch=samples_of_file if samples is None else samples,
        batch_size=asked["batch_size"],
        framework=asked["framework"],
    )
    work = replace(work, workload=replace(work.workload, measured=measurements)) if measurements else work
    return _with_own_runs(work, asked)


def _with_own_runs(work: Work, asked: WorkloadArguments) -> Work:
    if not asked["calibration"]:
        return work
    from planner.work.calibrated import with_own_runs  # noqa: PLC0415 - only where somebody gives a file

    return with_own_runs(work, tuple(Path(path) for path in asked["calibration"]), asked["precision"])


def _described(
    model: str | None, own: Mapping[str, Any], precision: str, *, is_calibrated: bool
) -> tuple[Model, tuple[OwnMeasurement, ...], float | None]:
    if model is not None and not any(own.values()):
        if is_calibrated and known_model(model) is None:
            from planner.work.own import named_model  # noqa: PLC0415 - as below

            return named_model(model), (), None
        return resolve_model(model), (), None
    from planner.work.own import described_model  # noqa: PLC0415 - most models are listed ones

    return described_model(
        model,
        figures={name: own[name] for name in ("gmacs_per_sample", "params_millions", "activations_millions")},
        measured=own["measured"] or (),
        model_file=own["model_file"],
        precision=precision,
    )


def _is_language_model(model: str | None, said: Mapping[str, object], own: Mapping[str, object]) -> bool:
    if said:
        return True
    if model is None or any(value is not None for value in own.values()) or known_model(model) is not None:
        return False
    from planner.work.language import is_language_model  # noqa: PLC0415 - most runs need none of it

    return is_language_model(model)
