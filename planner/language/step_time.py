"""Seconds of one training step of a language model: a model of the hardware with efficiencies learnt from measurements.

The step is taken apart into matrix products, attention, memory traffic of the rest, kernel launches, exchange between
GPUs and the optimiser. What each part needs in operations and bytes follows from the shape; how well a software stack
does it is one coefficient a part, fitted by `scripts/fit_step_time.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from planner.language.flops import forward_attention_flops
from planner.language.memory import weight_bytes
from planner.model.frozen import dataclass, names_of
from planner.model.language_runs import CpuOffload, LanguageJob, Layout, Method, Recomputation
from planner.paths import shipped_data_dir
from planner.throughput.overlap import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """How well a software stack does each part of a step."""

    matrix_efficiency: float  # share of the dense peak that large matrix products reach
    half_tokens: float  # tokens of a micro batch at which products reach half of that
    half_width: float  # hidden size on one GPU at which products reach half of that
    attention_efficiency: float  # share of the peak in the attention kernels
    traffic: float  # times the bytes of the activations that norms, activations and residuals move
    score_traffic: float  # times the bytes of the attention scores that are moved without flash attention
    launch_seconds: float  # a layer's kernels in one micro batch, when the GPU waits for the host
    overlap: float  # 1: exchange waits for arithmetic; the larger, the better one hides the other
    wire_efficiency: float  # share of the bandwidth between GPUs that the exchange reaches
    exchange_seconds: float  # start of one exchange between GPUs
    dequantised_bytes: float  # traffic that unpacking one 4-bit weight in one pass takes as long as
    attention_gain: float  # speed of the attention kernels of today over those of the fitted code


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Rates of one GPU and of the wires that the step runs on."""

    peak_flops: float  # dense operations per second in the precision of the run
    bytes_per_second: float  # of GPU memory
    link_bytes_per_second: float  # to the other GPUs of the machine, one way
    host_bytes_per_second: float = 24e9  # to the memory of the machine, one way
    network_bytes_per_second: float | None = None  # of a GPU to other machines; None: one machine only
    gpus_per_machine: int = 8  # that share the fast wires
    attention_flops: float | None = None  # most that attention kernels of 2023 reach here; None: no such limit is known
    product_gain: float = 1.0  # rate of the layers' matrix products over that of `peak_flops`: above 1 in fp8


@cache
def load_step_time() -> Mapping[str, Any]:
    """The shipped file of learnt values: `stacks`, their `levels`, errors `left_out`, overhead of whole `runs`, `fp8`."""
    path = shipped_data_dir() / "language_step_time.json"
    document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@cache
def load_stacks() -> Mapping[str, Stack]:
    """The learnt stacks of the shipped file by name; some have coefficients of another, `base`, and a level of their own."""
    names = names_of(Stack)
    stacks = load_step_time()["stacks"]
    return {
        name: Stack(**{key: entry.get(key, stacks[entry.get("base", name)][key]) for key in names})
        for name, entry in stacks.items()
    }


def step_seconds(
    job: LanguageJob, layout: Layout, hardware: Hardware, stack: Stack, stage: float | None = None
) -> float:
    """Seconds from one optimiser step to the next; `stage` is `stage_seconds` of the layout where that is known.

    step = (micro batches + (stages - 1) / chunks) x slowest stage + gradient exchange + optimiser, where the last stage also has
    the output layer and the micro batches of a replica are `batch / (data x micro batch)`. Where layers do not divide
    evenly over the stages, the fullest has one more than the others, of which the last stage is one.
    """
    updates = job.updates(layout)
    if stage is None:
        stage = stage_seconds(job, layout, hardware, stack)
    shard = layout.shards(job.model.layers)
    trained = job.trained_parameters / shard
    gathered = 0.0
    if layout.zero_stage == 3 and layout.data > 1:
        gradients = 0.0 if job.method.has_adapters else job.precision_bytes * job.model.parameters
        passes = (2 * weight_bytes(job) + gradients) / shard  # weights for either pass, as they are held
        gathered = _exchange_seconds(passes, layout.data, layout, hardware, stack, exchanges=job.model.layers * 3)
        stage = side_by_side(stage, gathered, stack.overlap)
    exchange = 0.0
    if layout.zero_stage < 3 and layout.data > 1:
        reduced = 2 * job.precision_bytes * trained
        exchange = _exchange_seconds(
            reduced, layout.data, layout, hardware, stack, exchanges=layout.stage_layers(job.model.layers)
        )
    updated = trained / (layout.data if layout.zero_stage else 1)
    passes_through = passes_of(job, layout) * stage
    update = 0.0 if job.cpu_offload is not CpuOffload.NONE else 32 * updated / hardware.bytes_per_second
    return side_by_side(passes_through, updates * exchange, stack.overlap) + updates * update


def passes_of(job: LanguageJob, layout: Layout) -> float:
    """How often the slowest stage passes a micro batch in a step, its waiting in the pipeline included."""
    return job.micro_batches(layout) + (layout.pipeline - 1) / job.chunks(layout)


def stage_seconds(job: LanguageJob, layout: Layout, hardware: Hardware, stack: Stack) -> float:
    """Forward and backward pass of one micro batch through the slowest stage; replicas and ZeRO have no part in it."""
    model, t = job.model, layout.tensor
    tokens = layout.micro_batch * job.sequence_length
    again = 1 if layout.recomputation is Recomputation.FULL else 0
    passes = (2 if job.method.has_adapters else 3) + again
    outputs = 2.0 * model.output_parameters * tokens * (2 if job.method.has_adapters else 3)
    layer_products = 2.0 * (model.matrix_parameters - model.output_parameters) / model.layers * tokens * passes
    layer_products += 6.0 * job.adapter_parameters / model.layers * tokens
    filled = _filled(tokens, stack.half_tokens) * _filled(model.hidden / t, stack.half_width)
    rate = hardware.peak_flops * stack.matrix_efficiency * filled
    attention = forward_attention_flops(model, job.sequence_length) / model.layers * tokens
    scored = 3 + (1 if layout.recomputation is not Recomputation.NONE else 0)
    scores = 0.0
    bytes_moved = stack.traffic * tokens * job.precision_bytes * _elements(job, t) * (1 + again / 3)
    if job.has_flash_attention:
        kernel = min(hardware.peak_flops * stack.attention_efficiency, hardware.attention_flops or math.inf)
        scores = attention * scored / t / (kernel * stack.attention_gain)
    else:
        scores = attention * scored / t / rate
        bytes_moved += stack.score_traffic * tokens * job.precision_bytes * model.heads * job.sequence_length / t
    # the products of experts are small and scattered: published mixtures run no faster in fp8 than in bf16
    gain = 1.0 if model.experts else hardware.product_gain
    layer = layer_products / t / (rate * gain) + scores + bytes_moved / hardware.bytes_per_second
    if job.method is Method.QLORA:
        layer += passes * stack.dequantised_bytes * model.layer_parameters / t / hardware.bytes_per_second
    launches = stack.launch_seconds * (1 + again / 3)
    layer = side_by_side(layer, launches)
    if t > 1:
        reduced = 2 * job.precision_bytes * tokens * model.hidden * (4 + 2 * again)
        layer += _exchange_seconds(reduced, t, layout, hardware, stack, exchanges=4 + 2 * again, is_inner=True)
    head = outputs / t / rate + 8.0 * tokens * model.vocabulary / t / hardware.bytes_per_second
    full = layout.stage_layers(model.layers)
    is_even = full * layout.pipeline == model.layers
    return full * layer + head if is_even else max(full * layer, (full - 1) * layer + head)


def _elements(job: LanguageJob, tensor: int) -> float:
    """Elements per token that norms, residuals and activation functions read and write in one layer."""
    model = job.model
    copies = 3 if model.is_gated else 2
    whole = 8 * model.hidden / (tensor if job.has_sequence_parallelism else 1)
    return whole + (4 * model.query_size + copies * model.active_feed_forward) / tensor


def _filled(size: float, half: float) -> float:
    """Share of the full rate that a matrix product of that size reaches: one half at `half`, near one for large sizes."""
    return size / (size + half)


def _exchange_seconds(
    moved: float,
    members: int,
    layout: Layout,
    hardware: Hardware,
    stack: Stack,
    *,
    exchanges: float,
    is_inner: bool = False,
) -> float:
    """Seconds of a ring exchange: each member sends (members - 1) / members of the data over the slowest wire in the ring."""
    crosses = layout.gpu_count > hardware.gpus_per_machine and not (is_inner and members <= hardware.gpus_per_machine)
    rate = hardware.link_bytes_per_second
    if crosses and hardware.network_bytes_per_second is not None:
        # all GPUs of a machine share its network cards in one ring
        per_node = max(1.0, hardware.gpus_per_machine / (1 if is_inner else layout.tensor))
        rate = min(rate, hardware.network_bytes_per_second * per_node)
    share = (members - 1) / members
    # a ring inside a machine, a tree over machines
    hops = min(members, hardware.gpus_per_machine) - 1 + math.log2(max(1.0, members / hardware.gpus_per_machine))
    return moved * share / (rate * stack.wire_efficiency) + exchanges * hops * stack.exchange_seconds
