"""The workload of a language model from what a person types: model, method, amount of text, and what is fixed of the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from planner.errors import UnknownNameError, UsageError
from planner.model import Model, Precision, Workload
from planner.throughput.described_models import language_model_from_figures, resolve_language_model
from planner.throughput.flops import forward_attention_flops, forward_matrix_flops
from planner.throughput.language_jobs import LanguageJob, LanguageWork, Method, Optimizer, Recomputation
from planner.throughput.language_models import LanguageModel, find_language_model, load_language_models
from planner.throughput.language_plan import ADAPTER_STACK, DEFAULT_STACK, usual_stack
from planner.throughput.layouts import check_sizes
from planner.throughput.step_time import load_stacks
from planner.throughput.workloads import Work, known_model, load_models, precision_named

_E = TypeVar("_E", bound=StrEnum)
USUAL_SEQUENCE_LENGTH = 2048
USUAL_SEQUENCES_TUNED = 64
"""Sequences of a step when open models are tuned; recipes use 16 to 128."""
SEE = "planner fit --help"
OLD_STACKS = frozenset(("megatron-deepspeed",))
"""Stacks of before mid-2022: no flash attention, sequence parallelism or interleaved pipelines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageOptions:
    """What can be said of a language model's run; `None` leaves a choice open."""

    method: str | None = None
    tokens: float | None = None
    samples: float | None = None
    sequence_length: int | None = None
    batch_tokens: float | None = None
    rank: int | None = None
    optimizer: str | None = None
    recompute: str | None = None
    zero_stage: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    micro_batch: int | None = None
    stack: str | None = None
    params: float | None = None
    layers: int | None = None
    hidden: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    feed_forward: int | None = None
    vocab: int | None = None

    @property
    def is_given(self) -> bool:
        """Whether anything was said."""
        return any(getattr(self, name) is not None for name in self.__dataclass_fields__)


def is_language_model(text: str, options: LanguageOptions) -> bool:
    """Whether a name, file or options describe a language model by its shape."""
    is_file = text.endswith(".json") or (Path(text) / "config.json").is_file()
    return options.is_given or is_file or find_language_model(text) is not None


def plan_language_work(
    *,
    model: str | None,
    epochs: float | None = None,
    precision: str = "amp",
    options: LanguageOptions,
    node_count: int = 1,
    network_gbit_per_s: float | None = None,
) -> Work:
    """The workload that these options describe.

    tokens = samples x sequence length x epochs, or `tokens` for the whole run.

    Raises:
        UnknownNameError: no such model, method, optimiser, recomputation, stack or precision.
        UsageError: a number is out of range, or two of them contradict each other.
        DataError: a file does not describe a language model.
    """
    shape = chosen_language_model(model, options)
    job = plan_job(shape, options, precision)
    tokens, passes, source = _tokens(job, options, epochs)
    stack = options.stack or usual_stack(job.method)
    if stack not in load_stacks():
        raise UnknownNameError("software stack", stack, load_stacks(), SEE)
    work = LanguageWork(job=job, stack=stack, node_count=node_count, network_gbit_per_s=network_gbit_per_s)
    kind = precision_named(precision)
    return Work(workload=language_workload(work, tokens=tokens, passes=passes, precision=kind), samples_source=source)


def language_workload(work: LanguageWork, *, tokens: float, passes: float, precision: Precision | None) -> Workload:
    """The record that an answer is made from; `tokens` are those of the whole run, `passes` its epochs."""
    return Workload(
        model=_as_model(work.job.model, work.job),
        dataset=None,
        samples_per_epoch=tokens / passes,
        epochs=passes,
        precision=precision,
        input_size=work.job.sequence_length,
        language=work,
    )


def plan_language_request(
    *,
    model: str | None,
    epochs: float | None,
    precision: str,
    said: Mapping[str, Any],
    general: Mapping[str, object],
    node_count: int = 1,
) -> Work:
    """The workload of an `estimate` that is about a language model; `general` are options that only other models take.

    Raises:
        UnknownNameError: no model of any kind has that name.
        UsageError: an option does not belong to language models, or the model is not one.
    """
    if model is not None and not is_language_model(model, LanguageOptions()):
        if known_model(model) is not None:
            options = ", ".join("--" + name.replace("_", "-") for name in said)
            raise UsageError(
                f"{model} is not a language model of known shape: {options} cannot be used. See: planner models --language"
            )
        names = [name for one in load_models() for name in (one.name, *one.aliases)]
        names += [name for shape in load_language_models().values() for name in (shape.name, *shape.aliases)]
        raise UnknownNameError("model", model, names, "planner models")
    given = ["--" + name.replace("_", "-") for name, value in general.items() if value is not None]
    if given:
        raise UsageError(
            f"{', '.join(given)} is not for language models. Use --tokens, or --samples with --epochs; "
            "--batch-tokens for a step, --micro-batch for one GPU."
        )
    numbers = {
        name: number_of(said[name])
        for name in ("tokens", "samples", "params", "batch_tokens")
        if isinstance(said.get(name), str)
    }
    return plan_language_work(
        model=model,
        epochs=epochs,
        precision=precision,
        options=LanguageOptions(**{**said, **numbers}),
        node_count=node_count,
    )


def chosen_language_model(model: str | None, options: LanguageOptions) -> LanguageModel:
    """The model named, read from a file, or described by figures.

    Raises:
        UsageError: nothing, too little or two different things describe it.
    """
    figures = ("params", "layers", "hidden", "heads", "vocab")
    if model is not None:
        given = [f"--{name}" for name in figures if getattr(options, name) is not None]
        if given:
            raise UsageError(f"--model {model} has a shape already: leave out {', '.join(given)}, or --model.")
        return resolve_language_model(model)
    if (
        options.params is None
        or options.layers is None
        or options.hidden is None
        or options.heads is None
        or options.vocab is None
    ):
        missing = [f"--{name}" for name in figures if getattr(options, name) is None]
        raise UsageError(
            "Which model? Give --model, or the figures of your own: --params --layers --hidden --heads --vocab "
            f"(missing: {', '.join(missing)}). See: planner models"
        )
    return language_model_from_figures(
        params=options.params,
        layers=options.layers,
        hidden=options.hidden,
        heads=options.heads,
        vocab=options.vocab,
        kv_heads=options.kv_heads,
        feed_forward=options.feed_forward,
    )


def plan_job(model: LanguageModel, options: LanguageOptions, precision: str = "amp") -> LanguageJob:
    """The job that the options describe, usual values where they are silent.

    Raises:
        UnknownNameError: no such method, optimiser, recomputation or precision.
        UsageError: a number is out of range, or a parallel size does not divide the model.
    """
    method = _one_of(Method, options.method or "pretrain", "method")
    usual = min(USUAL_SEQUENCE_LENGTH, model.context_length)
    length = usual if options.sequence_length is None else options.sequence_length
    kind = precision_named(precision) or Precision.AMP
    for option, value in (
        ("--sequence-length", length),
        ("--batch-tokens", options.batch_tokens),
        ("--rank", options.rank),
        ("--micro-batch", options.micro_batch),
    ):
        if value is not None and value < 1:
            raise UsageError(f"{option} must be at least 1, not {value}.")
    if method is not Method.PRETRAIN and length > (model.learned_positions or length):
        raise UsageError(
            f"--sequence-length {length} is longer than the {model.learned_positions:,} positions that {model.name} has "
            f"learned; tuning cannot add any. Use at most {model.learned_positions}."
        )
    if options.zero_stage is not None and options.zero_stage not in (0, 1, 2, 3):
        raise UsageError(f"--zero-stage must be 0, 1, 2 or 3 (3 is FSDP), not {options.zero_stage}.")
    if options.rank is not None and not method.has_adapters:
        raise UsageError(f"--rank is the size of adapters; --method {method} has none. Use --method lora or qlora.")
    usual_batch = _usual_batch_tokens(model, method, length)
    batch_tokens = usual_batch if options.batch_tokens is None else round(options.batch_tokens)
    if batch_tokens < length:
        raise UsageError(f"--batch-tokens {batch_tokens} is less than one sequence of {length} tokens.")
    stack = options.stack or usual_stack(method)
    usual_size = 1 if stack == ADAPTER_STACK else None  # which cuts no tensors and has no stages
    job = LanguageJob(
        model=model,
        method=method,
        sequence_length=length,
        batch_tokens=batch_tokens,
        precision_bytes=4 if kind in (Precision.FP32, Precision.TF32) else 2,
        optimizer=_one_of(
            Optimizer, options.optimizer or ("adamw-8bit" if method is Method.QLORA else "adamw"), "optimiser"
        ),
        rank=16 if options.rank is None else options.rank,
        has_flash_attention=stack not in OLD_STACKS,
        has_sequence_parallelism=stack == DEFAULT_STACK,
        has_interleaving=stack == DEFAULT_STACK,
        recomputation=_recomputation(options.recompute, stack),
        zero_stage=options.zero_stage,
        tensor=usual_size if options.tensor_parallel is None else options.tensor_parallel,
        pipeline=usual_size if options.pipeline_parallel is None else options.pipeline_parallel,
        micro_batch=options.micro_batch,
    )
    check_sizes(job)
    return job


def number_of(text: str) -> float:
    """A count with an optional K, M, B or T: `15B` is 15,000,000,000, `7e9` and `300,000` work too.

    Raises:
        UsageError: the text is no positive number.

    >>> number_of("1.4T")
    1400000000000.0
    """
    found = re.fullmatch(r"([0-9.]+(?:e[0-9]+)?)([kmbt]?)", text.strip().lower().replace(",", "").replace("_", ""))
    try:
        value = float(found[1]) * {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}[found[2]] if found else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < 1e18:
        raise UsageError(f"{text!r} is not a positive number. Write for example 15B, 300M or 7e9.")
    return value


def _recomputation(text: str | None, stack: str) -> Recomputation | None:
    """As asked for; `None` leaves it to the search. Scripts for adapters recompute, and were measured so."""
    if text is None:
        return Recomputation.FULL if stack == ADAPTER_STACK else None
    return None if text == "auto" else _one_of(Recomputation, text, "recomputation")


def _tokens(job: LanguageJob, options: LanguageOptions, epochs: float | None) -> tuple[float, float, str]:
    """Tokens of the whole run, passes over the data, and where the number comes from."""
    passes = 1.0 if epochs is None else epochs
    for option, value in (("--tokens", options.tokens), ("--samples", options.samples), ("--epochs", epochs)):
        if value is not None and not 0 < value < 1e18:
            raise UsageError(f"{option} must be a positive number, not {value:g}.")
    if options.samples is not None:
        tokens = options.samples * job.sequence_length * passes
        if options.tokens is not None and abs(tokens / options.tokens - 1) > 0.01:
            raise UsageError(
                f"--tokens {options.tokens:,.0f} contradicts --samples {options.samples:,.0f} x --sequence-length "
                f"{job.sequence_length} x --epochs {passes:g} = {tokens:,.0f} tokens. Leave one of them out."
            )
        return tokens, passes, f"{options.samples:,.0f} samples of {job.sequence_length:,} tokens, given with --samples"
    if options.tokens is None:
        raise UsageError(
            f"How much text? Give --tokens (of the whole run) or --samples and --epochs for {job.model.name}."
        )
    if passes != 1:
        raise UsageError(
            f"--tokens {options.tokens:,.0f} counts the whole run and --epochs {passes:g} repeats something: give --samples "
            f"with --epochs, or --tokens {options.tokens * passes:,.0f} alone if {options.tokens:,.0f} is one epoch."
        )
    return options.tokens, 1.0, "given with --tokens"


def _usual_batch_tokens(model: LanguageModel, method: Method, length: int) -> int:
    """Tokens of a step as published runs use: half a million for small models, four million from 6B on.

    Source: https://arxiv.org/abs/2005.14165 (table 2.1), https://arxiv.org/abs/2302.13971 (table 2).
    """
    if method is not Method.PRETRAIN:
        return USUAL_SEQUENCES_TUNED * length
    million = 0.5 if model.parameters < 1.2e9 else 1 if model.parameters < 2.5e9 else 2 if model.parameters < 6e9 else 4
    return max(length, round(million * 1_048_576) // length * length)


def _as_model(shape: LanguageModel, job: LanguageJob) -> Model:
    macs = (forward_matrix_flops(shape) + forward_attention_flops(shape, job.sequence_length)) / 2
    return Model(
        name=shape.name,
        aliases=shape.aliases,
        task=f"language-model {'pre-training' if job.method is Method.PRETRAIN else 'fine-tuning'}",
        sample_unit="token",
        params_millions=shape.parameters / 1e6,
        forward_gmacs_per_sample=macs / 1e9,
        activations_millions=None,
        input_size=job.sequence_length,
        dataset=None,
        typical_epochs=None,
        source=shape.source,
        as_of=shape.as_of,
    )


def _one_of(kind: type[_E], text: str, what: str) -> _E:
    known = [str(member) for member in kind]
    if text not in known:
        raise UnknownNameError(what, text, known, f"{SEE} ({', '.join(known)})")
    return kind(text)
