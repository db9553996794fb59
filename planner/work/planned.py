"""The workload behind an answer: of a listed model, of an own one, or of a language model described by its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

from planner.errors import UsageError
from planner.model.records import Model, OwnMeasurement
from planner.work.listed import Work, known_model, plan_work, resolve_model


class LanguageArguments(TypedDict, total=False):
    """What can be said of a language model's run; see `planner.work.language.LanguageOptions`."""

    method: str | None
    tokens: float | str | None
    samples: float | str | None
    sequence_length: int | None
    batch_tokens: float | str | None
    rank: int | None
    optimizer: str | None
    recompute: str | None
    zero_stage: int | None
    tensor_parallel: int | None
    pipeline_parallel: int | None
    micro_batch: int | None
    stack: str | None
    params: float | str | None
    layers: int | None
    hidden: int | None
    heads: int | None
    kv_heads: int | None
    feed_forward: int | None
    vocab: int | None


NO_OWN_MODEL: Mapping[str, Any] = {
    "gmacs_per_sample": None,
    "params_millions": None,
    "activations_millions": None,
    "measured": None,
    "model_file": None,
}
"""What can be said of an own model, with nothing said."""


def planned_work(
    *,
    model: str | None,
    epochs: float | None,
    precision: str,
    input_size: int | None,
    general: Mapping[str, Any],
    own: Mapping[str, Any],
    language: Mapping[str, Any],
    node_count: int = 1,
) -> Work:
    """The workload that the options describe, with the user's own measurements.

    It is a language model's if any of its options is given, or if no listed or own model goes by the name.

    Args:
        model: name, alias or `config.json`.
        epochs: passes over the data.
        precision: as `plan_work` takes it.
        input_size: pixels or tokens of a sample.
        general: `dataset`, `samples_per_epoch`, `batch_size`, `framework`; `None` where not given.
        own: the keys of `NO_OWN_MODEL`.
        language: fields of `planner.work.language.LanguageOptions`.
        node_count: instances that work together.

    Raises:
        UsageError: options are missing or contradict each other.
        UnknownNameError: no model goes by that name.
    """
    said = {name: value for name, value in language.items() if value is not None}
    if _is_language_model(model, said, own):
        from planner.work.language import plan_language_request  # noqa: PLC0415 - most runs need none of it

        length = {} if input_size is None else {"sequence_length": input_size}
        return plan_language_request(
            model=model,
            epochs=epochs,
            precision=precision,
            said={**length, **said},
            general={**general, **own},
            node_count=node_count,
        )
    chosen, measurements, samples_of_file = _described(model, own, precision)
    if epochs is None:
        raise UsageError(
            "How many epochs of {name}? Give {epochs}, the passes over the training data.",
            argument="epochs",
            name=chosen.name,
        )
    samples = samples_of_file if general["samples_per_epoch"] is None else general["samples_per_epoch"]
    options = {**general, "samples_per_epoch": samples}
    work = plan_work(model=chosen, epochs=epochs, precision=precision, input_size=input_size, **options)
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
    from planner.language.jobs import LanguageOptions  # noqa: PLC0415
    from planner.work.language import is_language_model  # noqa: PLC0415

    return is_language_model(model, LanguageOptions())
