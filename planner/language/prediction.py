"""How fast a language model trains on a number of GPUs, and whether it fits: the best layout, with a 90 % range."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from planner.errors import NoThroughputError, Sentence, UsageError
from planner.hardware.gpus import is_described, load_gpus, shown_key
from planner.language.flops import training_flops_per_token
from planner.language.jobs import language_workload, plan_job
from planner.language.memory import ADAPTER_EXCESS
from planner.language.plan import UNSTATED_GBIT_PER_S, LanguagePlan, plan_language_model
from planner.language.ranges import FITTED_GPUS, cluster_overhead, reaches
from planner.language.stacks import (
    ADAPTER_STACK,
    DEFAULT_STACK,
    FITTED_STACK,
    FUSED_STACK,
    NO_FLASH_ATTENTION,
    base_stack,
    stands_for_tuned_code,
)
from planner.language.step_time import load_stacks, load_step_time, step_seconds
from planner.language.training_hardware import (
    NETWORK_GBIT_PER_S,
    NEWEST_PCIE,
    OLDEST_PCIE,
    USUAL_PCIE,
    hardware_of,
)
from planner.model.frozen import changed
from planner.model.language_models import LanguageModel
from planner.model.language_runs import LanguageWork, Method
from planner.model.rates import Cell
from planner.model.records import Basis, Benchmark, Gpu, Precision, Throughput, Workload
from planner.options.language import language_arguments
from planner.throughput.measured import benchmarks_of
from planner.throughput.memory import GIB
from planner.throughput.ranges import holding

FITTED_FAMILY = "MPT"
"""The models whose rows the fitted stack was fitted to."""


def predict_language_model(workload: Workload, cells: Iterable[Cell]) -> dict[Cell, Throughput | NoThroughputError]:
    """Tokens per second of the workload on each (GPU, count) in its best layout, or why it does not run there."""
    work = workload.language
    if work is None:
        raise ValueError(f"{workload.model.name} is not described as a language model")
    precision = workload.precision or Precision.AMP
    return {cell: _predicted_or_why_not(work, precision, *cell) for cell in cells}


@lru_cache(maxsize=4096)
def _predicted_or_why_not(
    work: LanguageWork, precision: Precision, gpu: str, gpu_count: float
) -> Throughput | NoThroughputError:
    try:
        return _predicted(work, precision, gpu, gpu_count)
    except NoThroughputError as error:
        return type(error)(
            error.message, argument=error.argument
        )  # what is kept must not hold on to where it was raised
    except UsageError as error:  # of this number of GPUs: others may do
        return NoThroughputError(error.unstopped(), argument=error.argument)


def language_throughput(
    model: LanguageModel,
    *,
    gpu: str,
    gpu_count: float,
    precision: Precision | None,
    micro_batch: int | None = None,
    sequence_length: int | None = None,
    node_count: int = 1,
    network_gbit_per_s: float | None = None,
) -> Throughput:
    """Tokens per second of pretraining, as a benchmark counts them: steps only, nothing lost between them.

    Models that were measured stand for the stack they were measured in, others for published code.

    Raises:
        NoThroughputError: the model does not fit, or the GPU lacks the precision.
        UsageError: the number of GPUs cannot be split.
    """
    text = "amp" if precision is None else str(precision)
    options = language_arguments({"sequence_length": sequence_length, "micro_batch": micro_batch})
    job = plan_job(model, options, text)
    # as many sequences as feed every GPU, where the usual batch would not
    least = math.ceil(gpu_count) * node_count * (micro_batch or 1) * job.sequence_length
    job = replace(job, batch_tokens=max(job.batch_tokens, least))
    work = LanguageWork(
        job=job,
        stack=FITTED_STACK if model.family == FITTED_FAMILY else DEFAULT_STACK,
        node_count=node_count,
        network_gbit_per_s=network_gbit_per_s,
        is_whole_run=False,
    )
    workload = language_workload(work, tokens=float(job.batch_tokens), passes=1.0, precision=precision)
    return _predicted(work, workload.precision or Precision.AMP, gpu, gpu_count)


def on_machines(
    workload: Workload,
    gpu: str,
    gpu_count: float,
    network_gbit_per_s: float | None,
    host_memory_gib: float | None = None,
) -> Throughput | NoThroughputError:
    """Tokens per second on the workload's number of machines, each with that network and memory, or why it does not run there."""
    if workload.language is None:
        raise ValueError(f"{workload.model.name} is not described as a language model")
    work = replace(workload.language, network_gbit_per_s=network_gbit_per_s, host_memory_gib=host_memory_gib)
    return _predicted_or_why_not(work, workload.precision or Precision.AMP, gpu, gpu_count)


def _predicted(work: LanguageWork, precision: Precision, gpu_name: str, gpu_count: float) -> Throughput:
    """The throughput there; where nobody stated the generation of the card's bus, its range holds the oldest and the newest in use."""
    gpu = load_gpus()[gpu_name]
    found = _on(gpu, gpu_count, work, precision)
    if gpu.pcie_generation is not None:
        return found
    ends = [
        _on(changed(gpu, pcie_generation=generation), gpu_count, work, precision)
        for generation in (OLDEST_PCIE, NEWEST_PCIE)
    ]
    return holding(
        found,
        ends,
        f"pcie_generation of {shown_key(gpu.name)} is not stated: counted as {USUAL_PCIE}, the range holds {OLDEST_PCIE} to {NEWEST_PCIE}",
    )


def _on(gpu: Gpu, gpu_count: float, work: LanguageWork, precision: Precision) -> Throughput:
    plan = plan_language_model(work, gpu, gpu_count, precision)
    row = _measured_row(work, gpu, plan)
    overhead = cluster_overhead(work, plan)
    rate = (plan.tokens_per_second if row is None else row.samples_per_second * _over_measured(work, plan)) / overhead
    found = reaches(work, plan, row)
    return Throughput(
        samples_per_second=rate,
        low=rate * math.exp(-found.whole[0]),
        high=rate * math.exp(found.whole[1]),
        relative_low=rate * math.exp(-found.relative[0]),
        relative_high=rate * math.exp(found.relative[1]),
        basis=_basis(work, plan, row),
        precision=precision,
        fits_memory=True,  # layouts that do not fit have no throughput
        stack=_description(work.stack),
        sources=_sources(work, plan, row),
        steps=_steps(work, plan, row, rate, overhead),
        notes=_notes(work, plan),
    )


def _measured_row(work: LanguageWork, gpu: Gpu, plan: LanguagePlan) -> Benchmark | None:
    """The fastest measured row of exactly this job; `None` if the layout was fixed by options or none was measured."""
    job = work.job
    fixed = (job.recomputation, job.zero_stage, job.tensor, job.pipeline)
    if (
        job.method is not Method.PRETRAIN
        or base_stack(work.stack) != FITTED_STACK
        or any(part is not None for part in fixed)
    ):
        return None
    rows = [
        row
        for row in benchmarks_of(job.model.name)
        if (row.gpu, row.gpu_count, row.input_size) == (gpu.name, plan.gpu_count, job.sequence_length)
        and job.micro_batch in (None, row.batch_size_per_gpu)
        and plan.precision in (Precision.AMP, Precision.BF16)
    ]
    return max(rows, key=lambda row: row.samples_per_second, default=None)


def _over_measured(work: LanguageWork, plan: LanguagePlan) -> float:
    """Speed of the stack over that of the fitted code, which was measured: its level, and its attention kernels."""
    if plan.level is None:
        return 1.0
    stacks, hardware = load_stacks(), hardware_of(plan.gpu, plan.gpu_count, plan.precision)
    measured, own = (
        step_seconds(work.job, plan.plan.layout, hardware, stacks[name]) for name in (FITTED_STACK, work.stack)
    )
    return math.exp(plan.level.shift) * measured / own


def _basis(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> Basis:
    if row is not None:
        return Basis.MEASURED if work.stack == FITTED_STACK else Basis.SCALED
    job = work.job
    own = job.model.family == FITTED_FAMILY and job.method is Method.PRETRAIN
    if work.stack == ADAPTER_STACK:
        own = job.model.family == "Qwen" and job.method.has_adapters
    return Basis.SCALED if own and plan.gpu.name in FITTED_GPUS else Basis.MODELLED


def _description(stack: str) -> str:
    return str(load_step_time()["stacks"][stack]["description"])


def _sources(work: LanguageWork, plan: LanguagePlan, row: Benchmark | None) -> tuple[str, ...]:
    shape = f"shape of {work.job.model.name}: {work.job.model.source}"
    if row is not None:
        return f"{row.source}, {row.as_of}", shape
    learnt_from = (
        "QwenLM/Qwen (LoRA and QLoRA on A100, 2023)"
        if work.stack == ADAPTER_STACK
        else "mosaicml/llm-foundry (A100, 2023-10-20), VIA-Research/vTrain (Megatron on A100, 2024-09-26)"
    )
    level = () if plan.level is None else ("levels of published code: data/language_stacks.csv",)
    return (
        f"efficiencies learnt from {learnt_from} and BERT rows of 17 GPUs of lambdal/deeplearning-benchmark: "
        "data/language_step_time.json",
        *level,
        shape,
    )


def _steps(
    work: LanguageWork, plan: LanguagePlan, row: Benchmark | None, rate: float, overhead: float
) -> tuple[str, ...]:
    job, layout, memory = work.job, plan.plan.layout, plan.plan.memory
    model = job.model
    active = f", {model.active_parameters / 1e9:.3g}B active" if model.experts else ""
    step = plan.plan.seconds_per_step
    learnt = plan.tokens_per_second
    return (
        f"{model.parameters / 1e9:.4g}B parameters{active}; {job.method}, {job.trained_parameters / 1e9:.4g}B trained, "
        f"{training_flops_per_token(job) / 1e9:.4g} GFLOP a token of a sequence of {job.sequence_length:,}",
        f"layout: {layout} on {plan.gpu_count} GPUs; {job.batch_tokens:,} tokens a step",
        f"memory: {memory.total / GIB:.1f} of {plan.usable_bytes / GIB:.1f} GiB a GPU{_host_words(work, plan)}",
        f"{job.batch_tokens:,} tokens / {step:.4g} s a step of {base_stack(work.stack)}{_level_words(plan)} "
        f"= {learnt:,.0f} tokens/s = {learnt / plan.gpu_count:,.0f} a GPU: MFU {plan.mfu:.1%}, HFU {plan.hfu:.1%}",
        *((_measured_words(row, _over_measured(work, plan)),) if row else ()),
        *(
            (
                f"/ {overhead:.3g} for what whole runs over machines lose (checkpoints, evaluation, restarts, layouts short "
                f"of the best), the median of published ones: {rate:,.0f} tokens/s",
            )
            if overhead > 1
            else ()
        ),
    )


def _host_words(work: LanguageWork, plan: LanguagePlan) -> str:
    needed = plan.plan.host_bytes
    if not needed:
        return ""
    share = plan.plan.host_seconds / plan.plan.seconds_per_step
    of = f" of {work.host_memory_gib:,.0f}" if work.host_memory_gib is not None else ""
    return f"; {needed / GIB:,.0f}{of} GiB of the machine's own, for which the GPUs wait {share:.0%} of a step"


def _level_words(plan: LanguagePlan) -> str:
    if plan.level is None or not plan.level.shift:
        return ""
    return f" x {math.exp(plan.level.shift):.3g} for published code ({plan.level.publications} publications)"


def _measured_words(row: Benchmark, level: float) -> str:
    words = f"measured in place of that: {row.samples_per_second:,.0f} tokens/s in {FITTED_STACK}"
    return words if level == 1 else f"{words} x {level:.3g} = {row.samples_per_second * level:,.0f}"


def _stack_notes(work: LanguageWork) -> list[str]:
    """Whose code the figure is of."""
    one = "language models: the figure stands for one software stack; others are up to 4 times slower"
    if not stands_for_tuned_code(work):
        return [one]
    plain = (
        "it is published code, tuned by its authors: plain code of Transformers took 1.6 to 2.9 times as long, and held up to 1.9 "
        "times as much, below 1 B parameters (data/own_runs.csv); {stack} transformers-peft plans that"
    )
    return [one, Sentence(plain)]


def _notes(work: LanguageWork, plan: LanguagePlan) -> tuple[str, ...]:
    notes = _stack_notes(work)
    layers, layout = work.job.model.layers, plan.plan.layout
    if layers % layout.pipeline:
        notes.append(
            f"{layers} layers over {layout.pipeline} pipeline stages: the fullest holds {layout.stage_layers(layers)}; "
            "trainers have to be told to cut unevenly"
        )
    if work.job.method.has_adapters and work.stack not in (ADAPTER_STACK, FUSED_STACK):
        notes.append(f"adapters were measured with {ADAPTER_STACK} and {FUSED_STACK} only; range widened")
    if work.job.model.experts:
        notes.append(
            "mixture of experts: routing costs time, as published mixtures show; trainers differ more than usual"
        )
    if not plan.has_flash_attention and work.job.has_flash_attention:
        notes.append(NO_FLASH_ATTENTION)
    if plan.is_narrow:
        notes.append(f"memory is tight: {ADAPTER_EXCESS}")
    if plan.plan.host_bytes:
        notes.append("host memory holds what the GPUs do not: how long they wait for it differs much, range widened")
        if work.host_memory_gib is None:
            notes.append(
                f"the machine must have {plan.plan.host_bytes / GIB:,.0f} GiB of memory of its own; how much it has is not known"
            )
    if plan.gpu.vendor != "NVIDIA":
        whose = "GPUs of an unknown maker" if is_described(plan.gpu.name) else f"{plan.gpu.vendor} GPUs"
        notes.append(f"no measurement of {whose} is shipped; range widened")
    if plan.is_cluster and work.network_gbit_per_s is None:
        assumed = UNSTATED_GBIT_PER_S if work.node_count > 1 else NETWORK_GBIT_PER_S
        notes.append(f"network between machines not stated: {assumed:,.0f} Gbit/s of each assumed")
    return tuple(notes)
