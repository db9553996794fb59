"""Turns what a person types about a language model (model, method, amount of text, layout) into a workload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.errors import Message, Sentence, UnknownNameError, UsageError, named
from planner.language.jobs import SEE, language_workload, plan_job
from planner.language.listed import find_language_model
from planner.language.stacks import usual_stack
from planner.language.step_time import load_stacks
from planner.model.language_models import LanguageModel
from planner.model.language_runs import LanguageJob, LanguageWork, Method
from planner.model.records import precision_named
from planner.options.language import language_arguments
from planner.options.language_arguments import MOST_COUNTED, LanguageArguments
from planner.options.readers import amount_of
from planner.paths import is_file
from planner.work.described import language_model_from_figures, resolve_language_model
from planner.work.listed import Work, known_model
from planner.work.unknown import no_model

_OF_PICTURES = ". Of adapters of picture models flux.1-lora alone was measured; the whole network of this one trains without {method}"
_OF_AMOUNTS = ". How much work it is say {epochs}, with {samples_per_epoch} for data of your own"


def is_language_model(text: str) -> bool:
    """Whether a text is the name of a language model of known shape, or a file that describes one."""
    is_described = text.endswith(".json") or is_file(Path(text) / "config.json")
    return is_described or find_language_model(text) is not None


def plan_language_work(
    *,
    model: str | None,
    epochs: float | None = None,
    precision: str = "amp",
    options: LanguageArguments,
    node_count: int = 1,
    network_gbit_per_s: float | None = None,
) -> Work:
    """The workload of a language model that these options describe.

    tokens = samples x sequence length x epochs, or `tokens` for the whole run.

    Raises:
        UnknownNameError: no such model, method, optimiser, recomputation, stack or precision.
        UsageError: a number is out of range, or two of them contradict each other.
        DataError: a file does not describe a language model.
    """
    shape = chosen_language_model(model, options)
    job = plan_job(shape, options, precision)
    tokens, passes, source = _tokens(job, options, epochs)
    stack = chosen_stack(options, job.method)
    work = LanguageWork(job=job, stack=stack, node_count=node_count, network_gbit_per_s=network_gbit_per_s)
    kind = precision_named(precision)
    return Work(workload=language_workload(work, tokens=tokens, passes=passes, precision=kind), samples_source=source)


def plan_language_request(
    *,
    model: str | None,
    epochs: float | None,
    precision: str,
    said: Mapping[str, Any],
    general: Mapping[str, object],
    node_count: int = 1,
) -> Work:
    """The workload of an `estimate` of a language model; refuses `general` options, which only other models take.

    Raises:
        UnknownNameError: no model of any kind has that name.
        UsageError: an option does not belong to language models, or the model is not one.
    """
    if model is not None and not is_language_model(model):
        network = known_model(model)
        if network is not None:
            raise UsageError(
                "{name} is not a language model of known shape: {given} cannot be used. See: planner models --language{instead}",
                argument=next(iter(said)),
                name=model,
                instead=_instead(network.task, said),
                given=named(*said),
            )
        raise no_model(model)
    given = [name for name, value in general.items() if value is not None]
    if given:
        raise UsageError(
            "{given} is not for language models. Use {tokens}, or {samples} with {epochs}; "
            "{batch_tokens} for a step, {micro_batch} for one GPU.",
            argument=given[0],
            given=named(*given),
        )
    return plan_language_work(
        model=model,
        epochs=epochs,
        precision=precision,
        options=language_arguments(said),
        node_count=node_count,
    )


def _instead(task: str, said: Mapping[str, Any]) -> Message | str:
    """What to give where options of language models are given for another network; empty where nothing takes their place."""
    if task.startswith("image-generation") and not said.keys() <= _AMOUNTS:
        return Message(_OF_PICTURES)
    return Message(_OF_AMOUNTS) if said.keys() & _AMOUNTS else ""


_AMOUNTS = frozenset({"tokens", "samples"})


def chosen_stack(options: LanguageArguments, method: Method) -> str:
    """The software stack that is named, else the usual one of the method.

    Raises:
        UnknownNameError: no such stack.
    """
    stack = options["stack"] or usual_stack(method)
    if stack not in load_stacks():
        raise UnknownNameError("software stack", stack, load_stacks(), SEE)
    return stack


def chosen_language_model(model: str | None, options: LanguageArguments) -> LanguageModel:
    """The language model that is named, read from a file, or described by figures.

    Raises:
        UsageError: nothing, too little or two different things describe it.
    """
    figures = ("params", "layers", "hidden", "heads", "vocab")
    given: Mapping[str, Any] = options
    if model is not None:
        strange = [name for name in figures if given[name] is not None]
        if strange:
            raise UsageError(
                "{model} {name} has a shape already: leave out {given}, or {model}.",
                argument="model",
                name=model,
                given=named(*strange),
            )
        return resolve_language_model(model)
    params = amount_of(options["params"])
    if (
        params is None
        or options["layers"] is None
        or options["hidden"] is None
        or options["heads"] is None
        or options["vocab"] is None
    ):
        raise UsageError(
            "Which model? Give {model}, or the figures of your own: {params} {layers} {hidden} {heads} {vocab} "
            "(missing: {missing}). See: planner models",
            argument="model",
            missing=named(*(name for name in figures if given[name] is None)),
        )
    return language_model_from_figures(
        params=params,
        layers=options["layers"],
        hidden=options["hidden"],
        heads=options["heads"],
        vocab=options["vocab"],
        kv_heads=options["kv_heads"],
        feed_forward=options["feed_forward"],
    )


def _tokens(job: LanguageJob, options: LanguageArguments, epochs: float | None) -> tuple[float, float, str]:
    """Tokens of the whole run, passes over the data, and the source of the number."""
    passes = 1.0 if epochs is None else epochs
    given, samples = amount_of(options["tokens"]), amount_of(options["samples"])
    if not 0 < passes < MOST_COUNTED:
        raise UsageError("{epochs} must be a positive number, not {given:g}.", argument="epochs", given=passes)
    if samples is not None:
        tokens = samples * job.sequence_length * passes
        if given is not None and abs(tokens / given - 1) > 0.01:
            raise UsageError(
                "{tokens} {given:,.0f} contradicts {samples} {sequences:,.0f} x {sequence_length} {length} x "
                "{epochs} {passes:g} = {found:,.0f} tokens. Leave one of them out.",
                argument="tokens",
                given=given,
                sequences=samples,
                length=job.sequence_length,
                passes=passes,
                found=tokens,
            )
        how = f"{samples:,.0f} samples of {job.sequence_length:,} tokens"
        return tokens, passes, Sentence("{how}, given with {samples}", how=how)
    if given is None:
        raise UsageError(
            "How much text? Give {tokens} (of the whole run) or {samples} and {epochs} for {name}.",
            argument="tokens",
            name=job.model.name,
        )
    if passes != 1:
        raise UsageError(
            "{tokens} {given:,.0f} counts the whole run and {epochs} {passes:g} repeats something. If {given:,.0f} is one "
            "epoch, give {tokens} {whole:,.0f} alone, or {samples} {parts:,.0f} of {length:,} tokens with {epochs} {passes:g}.",
            argument="tokens",
            given=given,
            passes=passes,
            whole=given * passes,
            parts=given / job.sequence_length,
            length=job.sequence_length,
        )
    return given, 1.0, Sentence("given with {tokens}")
