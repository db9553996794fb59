"""Turns options into the job of a language model, with usual values for what they leave open."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from planner.errors import UnknownNameError, UsageError
from planner.language.flops import forward_attention_flops, forward_matrix_flops
from planner.language.layouts import check_sizes
from planner.language.stacks import ADAPTER_STACK, FITTED_STACK, OLD_STACK, base_stack, logit_bytes, usual_stack
from planner.model.language_models import LanguageModel
from planner.model.language_runs import CpuOffload, LanguageJob, LanguageWork, Method, Optimizer, Recomputation
from planner.model.records import Model, Precision, Workload, precision_named
from planner.options.language_arguments import LanguageArguments
from planner.options.readers import amount_of

_E = TypeVar("_E", bound=StrEnum)


USUAL_SEQUENCE_LENGTH = 2048


USUAL_SEQUENCES_TUNED = 64
"""Sequences of a step when open models are tuned; recipes use 16 to 128."""


SEE = "planner fit --help"

_OTHER_NAMES = {
    "adamw-torch": "adamw",
    "adamw-torch-fused": "adamw",
    "adamw-hf": "adamw",
    "adam": "adamw",
    "adamw-bnb-8bit": "adamw-8bit",
    "adamw8bit": "adamw-8bit",
    "adam-8bit": "adamw-8bit",
    "paged-adamw-32bit": "paged-adamw",
    "pagedadamw": "paged-adamw",
    "pagedadamw32bit": "paged-adamw",
    "pagedadamw8bit": "paged-adamw-8bit",
}
"""What settings of trainers call the optimisers, with dashes for underscores."""


def language_workload(work: LanguageWork, *, tokens: float, passes: float, precision: Precision | None) -> Workload:
    """The workload of a language model; `tokens` are those of the whole run, `passes` its epochs."""
    return Workload(
        model=_as_model(work.job.model, work.job),
        dataset=None,
        samples_per_epoch=tokens / passes,
        epochs=passes,
        precision=precision,
        input_size=work.job.sequence_length,
        language=work,
    )


def plan_job(model: LanguageModel, options: LanguageArguments, precision: str = "amp") -> LanguageJob:
    """The job that the options describe, with usual values for what they leave open.

    Raises:
        UnknownNameError: no such method, optimiser, recomputation or precision.
        UsageError: numbers contradict each other, or a parallel size does not divide the model.
    """
    method = _one_of(Method, options["method"] or "pretrain", "method")
    kind = precision_named(precision) or Precision.AMP
    length = _sequence_length(model, method, options["sequence_length"])
    if options["rank"] is not None and not method.has_adapters:
        raise UsageError(
            "{rank} is the size of adapters; {method} {chosen} has none. Use {method} lora or qlora.",
            argument="rank",
            chosen=method,
        )
    batch_tokens = _batch_tokens(model, method, length, amount_of(options["batch_tokens"]))
    stack = options["stack"] or usual_stack(method)
    usual_size = 1 if stack == ADAPTER_STACK else None  # which cuts no tensors and has no stages
    job = LanguageJob(
        model=model,
        method=method,
        sequence_length=length,
        batch_tokens=batch_tokens,
        precision_bytes=4 if kind in (Precision.FP32, Precision.TF32) else 2,
        optimizer=_optimizer(options["optimizer"], method),
        is_pure_bf16=bool(options["pure_bf16"]),
        has_optimizer_in_backward=bool(options["optimizer_in_backward"]),
        cpu_offload=_one_of(CpuOffload, options["cpu_offload"] or "none", "CPU offload"),
        logit_bytes=logit_bytes(stack, method),
        is_plain=stack == ADAPTER_STACK,
        rank=16 if options["rank"] is None else options["rank"],
        has_flash_attention=stack != OLD_STACK,
        has_sequence_parallelism=base_stack(stack) == FITTED_STACK,
        has_interleaving=base_stack(stack) == FITTED_STACK,
        recomputation=_recomputation(options["recompute"], stack),
        zero_stage=options["zero_stage"],
        tensor=usual_size if options["tensor_parallel"] is None else options["tensor_parallel"],
        pipeline=usual_size if options["pipeline_parallel"] is None else options["pipeline_parallel"],
        micro_batch=options["micro_batch"],
    )
    check_sizes(job)
    _check_ways_to_hold(job, kind, options)
    return job


def _optimizer(given: str | None, method: Method) -> Optimizer:
    """The optimiser by its name here, or by its name in Hugging Face's, torchtune's or bitsandbytes' settings."""
    if given is None:
        return method.usual_optimizer
    typed = given.lower().rpartition(".")[2].replace("_", "-")
    return _one_of(Optimizer, _OTHER_NAMES.get(typed, typed if typed in set(Optimizer) else given), "optimiser")


def _check_ways_to_hold(job: LanguageJob, precision: Precision, options: LanguageArguments) -> None:
    """Refuse ways to hold weights and optimiser that exclude each other, or the precision.

    Raises:
        UsageError: the message says which of them to leave out.
    """
    if job.is_pure_bf16 and precision not in (Precision.AMP, Precision.BF16, Precision.FP8):
        raise UsageError(
            "{pure_bf16} holds everything in BF16, {precision} {given} does not. Leave one of them out.",
            argument="pure_bf16",
            given=str(precision),
        )
    if job.has_optimizer_in_backward and options["batch_tokens"] is not None:
        raise UsageError(
            "{optimizer_in_backward} accumulates nothing: a step is one forward pass. Use {micro_batch} in place of "
            "{batch_tokens}.",
            argument="optimizer_in_backward",
        )
    if job.has_optimizer_in_backward and (job.pipeline or 1) > 1:
        raise UsageError(
            "{optimizer_in_backward} accumulates nothing, and a pipeline of {given} stages must. Leave one of them out.",
            argument="optimizer_in_backward",
            given=job.pipeline or 1,
        )
    if job.cpu_offload is not CpuOffload.NONE and job.optimizer.is_paged:
        raise UsageError(
            "{cpu_offload} {given} holds the states in host memory already: use {optimizer} adamw or adamw-8bit.",
            argument="cpu_offload",
            given=str(job.cpu_offload),
        )


def _sequence_length(model: LanguageModel, method: Method, given: int | None) -> int:
    """Tokens of a sequence: as given, else the usual number or the model's longest context."""
    length = min(USUAL_SEQUENCE_LENGTH, model.context_length) if given is None else given
    if method is not Method.PRETRAIN and length > (model.learned_positions or length):
        raise UsageError(
            "{sequence_length} {given} is longer than the {most:,} positions that {name} has "
            "learned; tuning cannot add any. Use at most {most}.",
            argument="sequence_length",
            given=length,
            most=model.learned_positions or length,
            name=model.name,
        )
    return length


def _batch_tokens(model: LanguageModel, method: Method, length: int, given: float | None) -> int:
    """Tokens of a step: as given, else the usual number; at least one sequence."""
    tokens = round(given or _usual_batch_tokens(model, method, length))
    if tokens < length:
        raise UsageError(
            "{batch_tokens} {given} is less than one sequence of {length} tokens.",
            argument="batch_tokens",
            given=tokens,
            length=length,
        )
    return tokens


def _usual_batch_tokens(model: LanguageModel, method: Method, length: int) -> int:
    """Tokens of a step in published runs: half a million for small models, four million from 6B on.

    Source: https://arxiv.org/abs/2005.14165 (table 2.1), https://arxiv.org/abs/2302.13971 (table 2).
    """
    if method is not Method.PRETRAIN:
        return USUAL_SEQUENCES_TUNED * length
    million = 0.5 if model.parameters < 1.2e9 else 1 if model.parameters < 2.5e9 else 2 if model.parameters < 6e9 else 4
    return max(length, round(million * 1_048_576) // length * length)


def _recomputation(text: str | None, stack: str) -> Recomputation | None:
    """The recomputation asked for; `None` leaves it to the search. Scripts for adapters recompute, and were measured so."""
    if text is None:
        return Recomputation.FULL if stack == ADAPTER_STACK else None
    return None if text == "auto" else _one_of(Recomputation, text, "recomputation")


def _as_model(shape: LanguageModel, job: LanguageJob) -> Model:
    macs = (forward_matrix_flops(shape) + forward_attention_flops(shape, job.sequence_length)) / 2
    return Model(
        name=shape.name,
        aliases=shape.aliases,
        task=f"language-model {'pre-training' if job.method is Method.PRETRAIN else 'fine-tuning'}",
        sample_unit="token",
        params_millions=shape.parameters / 1e6,
        forward_gmacs_per_sample=macs / 1e9,
        input_size=job.sequence_length,
        source=shape.source,
        as_of=shape.as_of,
    )


def _one_of(kind: type[_E], text: str, what: str) -> _E:
    known = [str(member) for member in kind]
    if text not in known:
        raise UnknownNameError(what, text, known, f"{SEE} ({', '.join(known)})")
    return kind(text)
