"""Makes the workload of an answer: of a listed model, of an own one, or of a language model described by its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planner.errors import UsageError
from planner.model.records import Model, OwnMeasurement
from planner.options.arguments import WorkloadArguments
from planner.options.declared import declared
from planner.options.language_arguments import LanguageArguments
from planner.work.listed import Work, known_model, plan_work, resolve_model, typical_epochs

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
    if _is_language_model(model, said, own):
        from planner.work.language import plan_language_request  # noqa: PLC0415 - most runs need none of it

        length = {} if input_size is None else {"sequence_length": input_size}
        return plan_language_request(
            model=model,
            epochs=epochs,
            precision=asked["precision"],
            said={**length, **said},
            general={name: given[name] or None for name in NOT_FOR_LANGUAGE_MODELS},
            node_count=asked["nodes"] or 1,
        )
    chosen, measurements, samples_of_file = _described(model, own, asked["precision"])
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
    return replace(work, workload=replace(work.workload, measured=measurements)) if measurements else work


def _described(
    model: str | None, own: Mapping[str, Any], precision: str
) -> tuple[Model, tuple[OwnMeasurement, ...], float | None]:
    if model is not None and not any(own.values()):
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
