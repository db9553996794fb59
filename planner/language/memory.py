"""GPU memory of a language model's training run, part by part.

Activations follow Korthikanti et al., https://arxiv.org/abs/2205.05198 (equations 1 to 6), generalised to grouped
keys and values and gated feed-forwards; sharding follows ZeRO, https://arxiv.org/abs/1910.02054 (figure 1); 4-bit
weights follow QLoRA, https://arxiv.org/abs/2305.14314 (section 3).
"""

from __future__ import annotations

import math
from dataclasses import replace

from planner.language.plain_code import plain_layer_bytes, residual_bytes
from planner.model.language_runs import CpuOffload, LanguageJob, Layout, Method, Optimizer, Recomputation
from planner.throughput.memory import CONTEXT_BYTES, FRAGMENTATION_FRACTION, GIB, Memory

STATE_BYTES = {
    Optimizer.ADAMW: 8.0,
    Optimizer.ADAMW_8BIT: 2.0,
    Optimizer.PAGED_ADAMW: 8.0,
    Optimizer.PAGED_ADAMW_8BIT: 2.0,
    Optimizer.ADAFACTOR: 0.1,
    Optimizer.SGD: 0.0,
    Optimizer.SGD_MOMENTUM: 4.0,
}
"""Optimiser state of one parameter: two FP32 moments; two 8-bit ones; row and column sums; none; one momentum."""
BF16_STATE_BYTES = {Optimizer.ADAMW: 4.0, Optimizer.SGD_MOMENTUM: 2.0}
"""Where weights are pure BF16 and the optimiser keeps its states as wide as they are; bitsandbytes does not."""
MASTER_BYTES = 4  # FP32 copy that 16-bit weights are updated in
NF4_BYTES = 0.5 + 0.127 / 8  # 4 bits and, with double quantisation, 0.127 bits of constants
COMMUNICATION_BYTES = 0.3 * GIB  # buffers of the collectives once there are several GPUs
GATHERED_LAYERS = 2  # stage 3 holds the layer at work and the one fetched ahead
ADAPTER_ROOM = 1.15
"""What a layout for adapters leaves free where one can: nine tenths of the 48 runs in data/adapter_steps.csv held less
than so much times their count."""
ADAPTER_EXCESS = (
    "measured runs of adapters held 2 % more than their count in the median, up to 19 % from 7 B parameters on, "
    "up to 35 % below"
)


def memory_needed(job: LanguageJob, layout: Layout) -> Memory:
    """Memory of the fullest GPU: the first pipeline stage, which holds the most micro batches at once."""
    shard = layout.shards(job.model.layers)
    activations = activation_bytes(job, layout)
    logits = job.logit_bytes * layout.micro_batch * job.sequence_length * job.model.vocabulary / shard
    lasting, late, scattered = _gradient_bytes(job, layout)
    # late gradients come as the activations go, and take their room
    late_beyond = max(0.0, late - activations - logits)
    scattered_beyond = max(0.0, late + scattered - activations - logits) - late_beyond
    is_all_outside = job.cpu_offload is CpuOffload.ALL
    return Memory(
        weights=0.0 if is_all_outside else weight_bytes(job) / shard / sharded(layout, 3),
        gradients=lasting + late_beyond,
        optimizer=0.0 if _leaves_the_gpu(job) else state_bytes(job, layout),
        activations=activations,
        logits=logits,
        buffers=_gathered_bytes(job, layout) + _dequantised_bytes(job, layout) + scattered_beyond,
        overhead=CONTEXT_BYTES
        + (COMMUNICATION_BYTES if layout.gpu_count > 1 else 0)
        + FRAGMENTATION_FRACTION * activations,
    )


def state_bytes(job: LanguageJob, layout: Layout) -> float:
    """Optimiser states of one GPU, with the FP32 copy of the weights, wherever they lie."""
    return job.trained_parameters * _bytes_of_state(job) / layout.shards(job.model.layers) / sharded(layout, 1)


def weight_bytes(job: LanguageJob) -> float:
    """All weights as they are multiplied, adapters included, before they are divided over GPUs."""
    model = job.model
    if job.method is Method.QLORA:
        tables = _tables(job)
        return NF4_BYTES * (model.parameters - tables) + 2 * tables + job.precision_bytes * job.adapter_parameters
    return job.precision_bytes * (model.parameters + job.adapter_parameters)


def has_no_master(job: LanguageJob) -> bool:
    """Whether weights are updated as they are: pure BF16, or FP32 already."""
    return job.is_pure_bf16 or job.precision_bytes != 2


def sharded(layout: Layout, stage: int) -> int:
    """Replicas over which this stage of ZeRO spreads: 1 spreads states, 2 gradients, 3 weights."""
    return layout.data if layout.zero_stage >= stage else 1


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
    inputs = residual_bytes(job) * layout.micro_batch * job.sequence_length * job.model.hidden / split
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
    whole = 4.0 * width * model.hidden + (2 * model.hidden if has_dropout else 0) + plain_layer_bytes(job)
    keys = 2 * model.kv_heads * model.head_size
    queries = 2 * model.query_size + model.heads * 2 * (model.rope_size or 0)
    copies = 4 if model.is_gated else 2
    split = width * (queries + keys + copies * model.active_feed_forward)
    adapters = width * 7 * job.rank if job.method.has_adapters else 0
    scores = 0.0
    if not job.has_flash_attention and layout.recomputation is Recomputation.NONE:
        scores = (2 * width + (1 if has_dropout else 0)) * model.heads * job.sequence_length
    return tokens * (whole / (t if job.has_sequence_parallelism else 1) + (split + scores) / t + adapters)


def _gradient_bytes(job: LanguageJob, layout: Layout) -> tuple[float, float, float]:
    """Gradients that last, that come while the backward pass frees its activations, and of layers not yet divided."""
    width, shard = job.precision_bytes, layout.shards(job.model.layers)
    own = job.trained_parameters * width / shard / sharded(layout, 2)
    scattered = 0.0
    if layout.zero_stage >= 2 and layout.data > 1 and not job.method.has_adapters:
        layer = job.model.layer_parameters
        scattered = (GATHERED_LAYERS * layer + _tables(job) if layout.zero_stage == 3 else layer) * width / shard
    if job.cpu_offload is CpuOffload.ALL or job.has_optimizer_in_backward:
        # a matrix at a time: a table's, or those of a layer
        largest = min(max(job.model.layer_parameters, job.model.output_parameters), job.trained_parameters)
        return 0.0, largest * width / shard if not scattered else 0.0, scattered
    # buckets of plain data parallelism are made at the start; others come and go with every step
    is_made_anew = layout.pipeline == 1 and (layout.data == 1 or layout.zero_stage >= 2)
    if is_made_anew and job.micro_batches(layout) == 1:
        return 0.0, own, scattered
    return own, 0.0, scattered


def _gathered_bytes(job: LanguageJob, layout: Layout) -> float:
    """Weights that are there for the layers at work only: gathered from the other GPUs, or fetched from the host.

    4-bit weights travel as they are.
    """
    is_spread = layout.zero_stage == 3 and layout.data > 1
    if not is_spread and job.cpu_offload is not CpuOffload.ALL:
        return 0.0
    width = NF4_BYTES if job.method is Method.QLORA else job.precision_bytes
    layers = GATHERED_LAYERS * job.model.layer_parameters * width
    return (layers + _tables(job) * job.precision_bytes) / layout.shards(job.model.layers)


def _tables(job: LanguageJob) -> int:
    """Parameters of embedding and output layer, which stay while any layer is at work."""
    model = job.model
    return model.embedding_parameters + (0 if model.is_tied else model.output_parameters)


def _leaves_the_gpu(job: LanguageJob) -> bool:
    return job.optimizer.is_paged or job.cpu_offload is not CpuOffload.NONE


def _bytes_of_state(job: LanguageJob) -> float:
    """Bytes of state of one trained parameter, with the FP32 copy."""
    if job.is_pure_bf16:
        return BF16_STATE_BYTES.get(job.optimizer, STATE_BYTES[job.optimizer])
    return STATE_BYTES[job.optimizer] + (0 if has_no_master(job) else MASTER_BYTES)


def _dequantised_bytes(job: LanguageJob, layout: Layout) -> float:
    """One layer of 4-bit weights at a time is unpacked to 16 bits."""
    return 2 * job.model.layer_parameters / layout.tensor if job.method is Method.QLORA else 0.0


def _micro_batches(job: LanguageJob, layout: Layout) -> int:
    return math.ceil(job.micro_batches(layout))
