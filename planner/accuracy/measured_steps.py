"""Measured training steps of language models, with job, layout, hardware and seconds."""

from __future__ import annotations

from planner.hardware.gpus import load_gpus
from planner.hardware.tables import read_rows
from planner.language.listed import load_language_models
from planner.language.stacks import ADAPTER_STACK, logit_bytes
from planner.language.step_time import Hardware
from planner.language.training_hardware import hardware_of
from planner.model.frozen import dataclass
from planner.model.language_models import LanguageModel
from planner.model.language_runs import LanguageJob, Layout, Method, Recomputation
from planner.model.records import Benchmark, Precision
from planner.throughput.measured import load_benchmarks

BATCH_TOKENS = 1_000_000  # llm-foundry's table accumulates to about a million tokens a step


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One measured step: its job, hardware and seconds, and the groups that are left out together."""

    job: LanguageJob
    layout: Layout
    hardware: Hardware
    seconds: float
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _HopperRow:
    model: str
    gpu: str
    gpu_count: int
    sequence_length: int
    micro_batch: int
    batch_tokens: int
    recompute: Recomputation
    tokens_per_second: float
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AdapterRow:
    model: str
    gpu: str
    gpu_count: int
    method: Method
    rank: int
    sequence_length: int
    micro_batch: int
    batch_tokens: int
    recompute: Recomputation
    zero_stage: int
    seconds_per_step: float
    memory_gb: float
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _MegatronRow:
    gpu: str
    hidden_size: int
    layers: int
    attention_heads: int
    sequence_length: int
    global_batch: int
    micro_batch: int
    tensor_parallel: int
    data_parallel: int
    pipeline_parallel: int
    iteration_ms: float
    as_of: str
    source: str


def foundry_steps() -> list[Step]:
    """The MPT rows of llm-foundry: fully sharded data parallelism with flash attention, 8 to 128 A100."""
    models = load_language_models()
    steps = []
    for row in load_benchmarks():
        if row.model not in models or row.batch_size_per_gpu is None or row.input_size is None:
            continue
        once = row.input_size * row.batch_size_per_gpu * row.gpu_count
        tokens = max(1, round(BATCH_TOKENS / once)) * once
        full = "activation checkpointing" in row.software
        steps.append(
            Step(
                job=LanguageJob(model=models[row.model], sequence_length=row.input_size, batch_tokens=tokens),
                layout=Layout(
                    data=row.gpu_count,
                    micro_batch=row.batch_size_per_gpu,
                    zero_stage=3,
                    recomputation=Recomputation.FULL if full else Recomputation.NONE,
                ),
                hardware=hardware_of(load_gpus()[row.gpu], row.gpu_count, Precision.BF16, gpus_per_machine=8),
                seconds=tokens / row.samples_per_second,
                group=row.model,
            )
        )
    return steps


def hopper_steps() -> list[Step]:
    """52 steps of the same models and library on 8 to 64 H100; nothing is fitted to them."""
    models = load_language_models()
    return [_hopper_step(row, models[row.model]) for row in read_rows("h100_steps.csv", _HopperRow)]


def adapter_steps() -> list[Step]:
    """48 steps of LoRA and QLoRA on one or four A100, with all layers recomputed."""
    models = load_language_models()
    return [_adapter_step(row, models[row.model]) for row in read_rows("adapter_steps.csv", _AdapterRow)]


def megatron_steps() -> list[Step]:
    """1,440 iterations of GPT models under tensor, data and pipeline parallelism, without flash attention."""
    return [_megatron_step(row) for row in read_rows("parallel_iterations.csv", _MegatronRow)]


def encoder_steps() -> list[Step]:
    """Fine-tuning steps of BERT on one GPU of 17 kinds: how the arithmetic carries from GPU to GPU."""
    return [step for row in load_benchmarks() if (step := _encoder_step(row)) is not None]


def _hopper_step(row: _HopperRow, model: LanguageModel) -> Step:
    tokens, gpu_count = row.batch_tokens, row.gpu_count
    return Step(
        job=LanguageJob(model=model, sequence_length=row.sequence_length, batch_tokens=tokens),
        layout=Layout(
            data=gpu_count,
            micro_batch=row.micro_batch,
            zero_stage=3,
            recomputation=row.recompute,
        ),
        hardware=hardware_of(load_gpus()[row.gpu], gpu_count, Precision.BF16, gpus_per_machine=8),
        seconds=tokens / row.tokens_per_second,
        group=row.model,
    )


def _adapter_step(row: _AdapterRow, model: LanguageModel) -> Step:
    gpu_count = row.gpu_count
    return Step(
        job=LanguageJob(
            model=model,
            method=row.method,
            rank=row.rank,
            sequence_length=row.sequence_length,
            batch_tokens=row.batch_tokens,
            logit_bytes=logit_bytes(ADAPTER_STACK, row.method),
            is_plain=True,
        ),
        layout=Layout(
            data=gpu_count,
            micro_batch=row.micro_batch,
            zero_stage=row.zero_stage,
            recomputation=row.recompute,
        ),
        hardware=hardware_of(load_gpus()[row.gpu], gpu_count, Precision.BF16),
        seconds=row.seconds_per_step,
        group=row.model,
    )


def _megatron_step(row: _MegatronRow) -> Step:
    hidden, heads, layers = row.hidden_size, row.attention_heads, row.layers
    length = row.sequence_length
    model = _plain_model(f"gpt-{layers}x{hidden}", layers, hidden, heads, vocabulary=51_200)
    layout = Layout(
        data=row.data_parallel,
        tensor=row.tensor_parallel,
        pipeline=row.pipeline_parallel,
        micro_batch=row.micro_batch,
    )
    return Step(
        job=LanguageJob(
            model=model,
            sequence_length=length,
            batch_tokens=row.global_batch * length,
            has_flash_attention=False,
        ),
        layout=layout,
        hardware=hardware_of(load_gpus()[row.gpu], layout.gpu_count, Precision.FP16),
        seconds=row.iteration_ms / 1000,
        group=model.name,
    )


_ENCODERS = {"bert-base-squad": (12, 768, 12), "bert-large-squad": (24, 1024, 16)}
"""Layers, hidden size and heads: https://arxiv.org/abs/1810.04805."""
_NEW_SOFTWARE = "2022-06"  # older rows ran other kernels (data/README.md)


def _encoder_step(row: Benchmark) -> Step | None:
    if row.model not in _ENCODERS or row.gpu_count != 1 or not row.batch_size_per_gpu or not row.input_size:
        return None
    gpu = load_gpus().get(row.gpu)
    if gpu is None or row.as_of < _NEW_SOFTWARE or row.precision not in (Precision.AMP, Precision.TF32):
        return None
    layers, hidden, heads = _ENCODERS[row.model]
    return Step(
        job=LanguageJob(
            model=_plain_model(row.model, layers, hidden, heads, vocabulary=2),
            sequence_length=row.input_size,
            batch_tokens=row.input_size * row.batch_size_per_gpu,
            has_flash_attention=False,
            precision_bytes=2 if row.precision is Precision.AMP else 4,
        ),
        layout=Layout(micro_batch=row.batch_size_per_gpu),
        hardware=hardware_of(gpu, 1, row.precision),
        seconds=row.batch_size_per_gpu / row.samples_per_second,
        group=row.gpu,
    )


def _plain_model(name: str, layers: int, hidden: int, heads: int, *, vocabulary: int) -> LanguageModel:
    return LanguageModel(
        name=name,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_size=hidden // heads,
        feed_forward=4 * hidden,
        is_gated=False,
        vocabulary=vocabulary,
        learned_positions=1024,
        is_tied=True,
        vector_parameters_per_layer=13 * hidden,
        other_parameters=2 * hidden,
        context_length=1024,
        source="",
        as_of="",
    )
