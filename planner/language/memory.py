"""GPU memory of a training run, part by part, against what a program can use.

Activations follow Korthikanti et al., https://arxiv.org/abs/2205.05198 (equations 1 to 6), generalised to grouped
keys and values and gated feed-forwards; sharding follows ZeRO, https://arxiv.org/abs/1910.02054 (figure 1); 4-bit
weights follow QLoRA, https://arxiv.org/abs/2305.14314 (section 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from planner.model.language_runs import LanguageJob, Layout, Method, Optimizer, Recomputation
from planner.model.records import Gpu, Model
from planner.units import MIB_PER_GIB

GIB = 1024**3
STATE_BYTES = {Optimizer.ADAMW: 8.0, Optimizer.ADAMW_8BIT: 2.0, Optimizer.ADAFACTOR: 0.1, Optimizer.SGD: 4.0}
"""Optimiser state of one parameter: two FP32 moments; two 8-bit ones; row and column sums; one momentum."""
MASTER_BYTES = 4  # FP32 copy that 16-bit weights are updated in
NF4_BYTES = 0.5 + 0.127 / 8  # 4 bits and, with double quantisation, 0.127 bits of constants
LOGIT_BYTES = 8  # FP32 logits and their gradient; the 16-bit copies are gone by then
CONTEXT_BYTES = 0.8 * GIB  # driver context, libraries and their workspaces: 0.4 to 1.2 GiB by GPU and version
COMMUNICATION_BYTES = 0.3 * GIB  # buffers of the collectives once there are several GPUs
FRAGMENTATION_FRACTION = 0.02  # of activations: blocks the allocator holds but cannot hand out
GATHERED_LAYERS = 2  # stage 3 holds the layer at work and the one fetched ahead
VISIBLE_FRACTION = 0.995  # of nominal memory where no figure is known: firmware takes some of it
VISIBLE_FRACTION_INLINE_ECC = 0.9375  # GDDR cards keep one bit in sixteen for error correction
VISION_BYTES_PER_ELEMENT = 2.5  # 16-bit outputs, their batch norms and masks

ADAPTER_ROOM = 1.15
"""What a layout for adapters leaves free where one can: three quarters of the 48 runs in data/adapter_steps.csv held less
than so much times their count."""
ADAPTER_EXCESS = (
    "measured runs of adapters held 8 % more than their count in the median, up to 20 % from 7 B parameters on, "
    "up to 45 % below"
)

VISION_DOUBT = 1.3
"""A count of image models may be too high by so much: the timm rows, all of which ran, reach 1.25 of what is usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a run holds on its fullest GPU, in bytes."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    buffers: float
    overhead: float

    @property
    def total(self) -> float:
        """All parts together."""
        return (
            self.weights
            + self.gradients
            + self.optimizer
            + self.activations
            + self.logits
            + self.buffers
            + self.overhead
        )

    def parts(self) -> tuple[tuple[str, float], ...]:
        """Each part with its name, in the order they are shown."""
        return (
            ("weights", self.weights),
            ("gradients", self.gradients),
            ("optimiser states", self.optimizer),
            ("activations", self.activations),
            ("logits", self.logits),
            ("buffers", self.buffers),
            ("framework overhead", self.overhead),
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


def usable_bytes(gpu: Gpu) -> float:
    """Memory a program can use on one device of the GPU: what the driver shows, or an estimate from the nominal size.

    A board of two devices (MI250) is two GPUs to a program; a model must fit into one.
    """
    if gpu.memory_visible_mib is not None:
        return gpu.memory_visible_mib / devices_per_gpu(gpu) * GIB / MIB_PER_GIB
    has_inline_ecc = gpu.has_ecc and gpu.memory_type.startswith("GDDR")
    fraction = VISIBLE_FRACTION_INLINE_ECC if has_inline_ecc else VISIBLE_FRACTION
    return gpu.memory_gib * fraction / devices_per_gpu(gpu) * GIB


def devices_per_gpu(gpu: Gpu) -> int:
    """Devices a program sees for what clouds and makers count as one GPU."""
    return 2 if gpu.name in ("mi250", "mi250x") else 1


def vision_memory(model: Model, *, batch_size: int, precision_bytes: int = 2) -> Memory | None:
    """Memory of training a model of `data/models.csv` on one GPU; `None` where its figures are not known.

    Weights, gradients and momentum in FP32 (4 + 4 + 4 bytes); activations are the output elements of convolutions and
    matrix products, kept in the precision of the run with what normalisation and masks add.
    """
    if model.params_millions is None or model.activations_millions is None:
        return None
    parameters, elements = model.params_millions * 1e6, model.activations_millions * 1e6 * batch_size
    activations = elements * VISION_BYTES_PER_ELEMENT * precision_bytes
    return Memory(
        weights=4 * parameters + (2 * parameters if precision_bytes == 2 else 0),
        gradients=4 * parameters,
        optimizer=4 * parameters,
        activations=activations,
        logits=0.0,
        buffers=0.0,
        overhead=CONTEXT_BYTES + FRAGMENTATION_FRACTION * activations,
    )


def image_model_fits(model: Model, gpu: Gpu, *, batch_size: int, precision_bytes: int = 2) -> bool | None:
    """Whether a batch fits on a GPU; `None` where the figures are not known, or too close to the limit to say."""
    memory = vision_memory(model, batch_size=batch_size, precision_bytes=precision_bytes)
    if memory is None or model.sample_unit != "image":
        return None
    load = memory.total / usable_bytes(gpu)
    if load <= 1:
        return True
    return False if load > VISION_DOUBT else None


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
