"""GPU memory of a language model's training run, part by part.

Activations follow Korthikanti et al., https://arxiv.org/abs/2205.05198 (equations 1 to 6), generalised to grouped
keys and values and gated feed-forwards; sharding follows ZeRO, https://arxiv.org/abs/1910.02054 (figure 1); 4-bit
weights follow QLoRA, https://arxiv.org/abs/2305.14314 (section 3).
"""

from __future__ import annotations

import math
from dataclasses import replace

from planner.model.language_runs import LanguageJob, Layout, Method, Optimizer, Recomputation
from planner.throughput.memory import CONTEXT_BYTES, FRAGMENTATION_FRACTION, GIB, Memory

STATE_BYTES = {Optimizer.ADAMW: 8.0, Optimizer.ADAMW_8BIT: 2.0, Optimizer.ADAFACTOR: 0.1, Optimizer.SGD: 4.0}
"""Optimiser state of one parameter: two FP32 moments; two 8-bit ones; row and column sums; one momentum."""
MASTER_BYTES = 4  # FP32 copy that 16-bit weights are updated in
NF4_BYTES = 0.5 + 0.127 / 8  # 4 bits and, with double quantisation, 0.127 bits of constants
LOGIT_BYTES = 8  # FP32 logits and their gradient; the 16-bit copies are gone by then
COMMUNICATION_BYTES = 0.3 * GIB  # buffers of the collectives once there are several GPUs
GATHERED_LAYERS = 2  # stage 3 holds the layer at work and the one fetched ahead

ADAPTER_ROOM = 1.15
"""What a layout for adapters leaves free where one can: three quarters of the 48 runs in data/adapter_steps.csv held less
than so much times their count."""
ADAPTER_EXCESS = (
    "measured runs of adapters held 8 % more than their count in the median, up to 20 % from 7 B parameters on, "
    "up to 45 % below"
)


def memory_needed(job: LanguageJob, layout: Layout) -> Memory:
    """Memory of the fullest GPU: the first pipeline stage, which holds the most micro batches at once."""
    model, shard = job.model, layout.shards(job.model.layers)
    replicas = layout.data
    sharded = [replicas if layout.zero_stage >= stage else 1 for stage in (1, 2, 3)]
    activations = activation_bytes(job, layout)
    unit = max(model.layer_parameters, 0 if model.is_tied else model.output_parameters)
    gathered = GATHERED_LAYERS * unit * job.precision_bytes / shard
    return Memory(
        weights=_weight_bytes(job) / shard / sharded[2],
        gradients=job.trained_parameters * job.precision_bytes / shard / sharded[1],
        optimizer=job.trained_parameters * _state_bytes(job) / shard / sharded[0],
        activations=activations,
        logits=LOGIT_BYTES * layout.micro_batch * job.sequence_length * model.vocabulary / shard,
        buffers=(gathered if layout.zero_stage == 3 and replicas > 1 else 0.0) + _dequantised_bytes(job, layout),
        overhead=CONTEXT_BYTES
        + (COMMUNICATION_BYTES if layout.gpu_count > 1 else 0)
        + FRAGMENTATION_FRACTION * activations,
    )


def activation_bytes(job: LanguageJob, layout: Layout) -> float:
    """Activations kept for the backward pass on the first stage.

    full recomputation: the 16-bit input of each layer, and one layer at work; otherwise all of each layer. A stage of
    p keeps up to p micro batches of its layers, which even stages make as much as one micro batch of all layers.
    """
    in_flight = min(layout.pipeline, _micro_batches(job, layout))
    chunks = job.chunks(layout)
    # interleaving keeps (p - 1) / v stages' worth more
    waiting = (layout.pipeline - 1) / chunks if chunks > 1 else 0.0
    layers = layout.stage_layers(job.model.layers) * (in_flight + waiting)
    whole = layer_activation_bytes(job, layout)
    if layout.recomputation is not Recomputation.FULL:
        return layers * whole
    split = layout.tensor if job.has_sequence_parallelism else 1
    inputs = job.precision_bytes * layout.micro_batch * job.sequence_length * job.model.hidden / split
    return layers * inputs + layer_activation_bytes(job, replace(layout, recomputation=Recomputation.SELECTIVE))


def layer_activation_bytes(job: LanguageJob, layout: Layout, *, has_dropout: bool = False) -> float:
    """Activations of one layer without recomputing it whole, on one of `tensor` GPUs.

    With 16-bit activations, all heads alike and a plain feed-forward of four times the hidden size h this is
    s b h (10 + 24 / t + 5 a s / (h t)) of Korthikanti et al., where dropout keeps its masks (2 + 1 of the 10 and 5);
    flash attention and selective recomputation take the last term away. Sequence parallelism splits the 10 as well.

    >>> from planner.language.listed import find_language_model
    >>> job = LanguageJob(model=find_language_model("gpt3-175b"), sequence_length=2048, batch_tokens=2048)
    >>> layer_activation_bytes(job, Layout(), has_dropout=True) / (2048 * 12288)
    34.0
    """
    model, t = job.model, layout.tensor
    tokens = layout.micro_batch * job.sequence_length
    width = job.precision_bytes
    whole = 4 * width * model.hidden + (2 * model.hidden if has_dropout else 0)
    keys = 2 * model.kv_heads * model.head_size
    queries = 2 * model.query_size + model.heads * 2 * (model.rope_size or 0)
    copies = 4 if model.is_gated else 2
    split = width * (queries + keys + copies * model.active_feed_forward)
    adapters = width * 7 * job.rank if job.method.has_adapters else 0
    scores = 0.0
    if not job.has_flash_attention and layout.recomputation is Recomputation.NONE:
        scores = (2 * width + (1 if has_dropout else 0)) * model.heads * job.sequence_length
    return tokens * (whole / (t if job.has_sequence_parallelism else 1) + (split + scores) / t + adapters)


def _weight_bytes(job: LanguageJob) -> float:
    model = job.model
    if job.method is Method.QLORA:
        tables = model.embedding_parameters + (0 if model.is_tied else model.output_parameters)
        return NF4_BYTES * (model.parameters - tables) + 2 * tables + job.precision_bytes * job.adapter_parameters
    return job.precision_bytes * (model.parameters + job.adapter_parameters)


def _state_bytes(job: LanguageJob) -> float:
    return STATE_BYTES[job.optimizer] + (MASTER_BYTES if job.precision_bytes == 2 else 0)


def _dequantised_bytes(job: LanguageJob, layout: Layout) -> float:
    """One layer of 4-bit weights at a time is unpacked to 16 bits."""
    return 2 * job.model.layer_parameters / layout.tensor if job.method is Method.QLORA else 0.0


def _micro_batches(job: LanguageJob, layout: Layout) -> int:
    return max(1, math.ceil(job.batch_sequences / (layout.data * layout.micro_batch)))
