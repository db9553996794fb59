"""Records of a language model's training and layout over GPUs; memory, arithmetic and speed are computed from them."""

from __future__ import annotations

from enum import StrEnum

from planner.errors import Sentence
from planner.model.frozen import dataclass
from planner.model.language_models import LanguageModel

LAYERS_OF_A_CHUNK = 2
"""Layers of a chunk in an interleaved pipeline, as NVIDIA's recipe of GPT-3 175B has them: 12 layers a stage in 6 chunks
(https://pypi.org/project/megatron-bridge/0.3.1/, recipes/gpt/gpt3_175b.py)."""


class Method(StrEnum):
    """The part of a language model that is trained: all weights or adapters, and from what start."""

    PRETRAIN = "pretrain"  # all weights, from the start
    FULL = "full"  # all weights, from given ones
    LORA = "lora"  # low-rank adapters on frozen 16-bit weights
    QLORA = "qlora"  # low-rank adapters on frozen 4-bit weights

    @property
    def has_adapters(self) -> bool:
        """Whether the model's own weights stay frozen."""
        return self in (Method.LORA, Method.QLORA)

    @property
    def usual_optimizer(self) -> Optimizer:
        """The optimiser that is assumed if none is named."""
        return Optimizer.ADAMW_8BIT if self is Method.QLORA else Optimizer.ADAMW


class Optimizer(StrEnum):
    """Update rules, by the state they keep for each trained parameter."""

    ADAMW = "adamw"
    ADAMW_8BIT = "adamw-8bit"
    PAGED_ADAMW = "paged-adamw"
    PAGED_ADAMW_8BIT = "paged-adamw-8bit"
    ADAFACTOR = "adafactor"
    SGD = "sgd"
    SGD_MOMENTUM = "sgd-momentum"

    @property
    def is_paged(self) -> bool:
        """Whether its states move to host memory as far as the GPU has no room for them."""
        return self in (Optimizer.PAGED_ADAMW, Optimizer.PAGED_ADAMW_8BIT)


class CpuOffload(StrEnum):
    """What of a run the host holds in place of the GPUs."""

    NONE = "none"
    OPTIMIZER = "optimizer"  # states, and the update itself: ZeRO-Offload
    ALL = "all"  # weights and gradients as well, which come and go a layer at a time: FSDP's `cpu_offload`


class Recomputation(StrEnum):
    """The activations that are thrown away and computed again in the backward pass."""

    NONE = "none"
    SELECTIVE = "selective"  # the scores of attention
    FULL = "full"  # all but the input of each layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a model over `data` x `tensor` x `pipeline` GPUs, and how each GPU works through a step.

    `zero_stage` 0 is plain data parallelism, 1 to 3 shard optimiser states, gradients and weights over the `data`
    replicas; stage 3 is the same as fully sharded data parallelism (FSDP).
    """

    data: int = 1
    tensor: int = 1
    pipeline: int = 1
    micro_batch: int = 1  # sequences in one forward pass
    zero_stage: int = 0
    recomputation: Recomputation = Recomputation.NONE

    def __post_init__(self) -> None:
        """Refuse sizes that are none."""
        for name in ("data", "tensor", "pipeline", "micro_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if self.zero_stage not in (0, 1, 2, 3):
            raise ValueError(f"zero_stage must be 0 to 3, not {self.zero_stage!r}")

    @property
    def gpu_count(self) -> int:
        """GPUs that work together."""
        return self.data * self.tensor * self.pipeline

    def stage_layers(self, layers: int) -> int:
        """Layers of the fullest pipeline stage; where they do not divide evenly, stages differ by one.

        >>> Layout(pipeline=16).stage_layers(126)
        8
        """
        return -(-layers // self.pipeline)

    def shards(self, layers: int) -> float:
        """The number by which the model is divided on the fullest GPU: tensor x pipeline where stages are even."""
        return self.tensor * layers / self.stage_layers(layers)

    def __str__(self) -> str:
        """The layout in words: `tensor 2 x pipeline 4 x data 8, ZeRO 1, micro batch 4, full recomputation`."""
        sizes = [f"{name} {size}" for name, size in self._sizes() if size > 1] or ["one GPU"]
        zero = [f"ZeRO {self.zero_stage}"] if self.zero_stage else []
        recomputed = "no" if self.recomputation is Recomputation.NONE else self.recomputation
        return ", ".join([" x ".join(sizes), *zero, f"micro batch {self.micro_batch}", f"{recomputed} recomputation"])

    def _sizes(self) -> tuple[tuple[str, int], ...]:
        return ("tensor", self.tensor), ("pipeline", self.pipeline), ("data", self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageJob:
    """A language model to train, and its options; `None` leaves a choice to the search for a layout."""

    model: LanguageModel
    method: Method = Method.PRETRAIN
    sequence_length: int
    batch_tokens: int  # tokens of one optimiser step, over all GPUs
    precision_bytes: int = 2  # of weights and activations in matrix products: 2 for 16-bit, 4 for FP32 and TF32
    optimizer: Optimizer = Optimizer.ADAMW
    is_pure_bf16: bool = False  # 16-bit weights are updated themselves, without an FP32 copy
    has_optimizer_in_backward: bool = False  # each gradient is used and freed as it comes: nothing is accumulated
    cpu_offload: CpuOffload = CpuOffload.NONE
    logit_bytes: int = 8  # of one logit, with its gradient; see `logit_bytes` of stacks
    is_plain: bool = False  # code of Transformers that is not compiled
    rank: int = 16  # of the adapters; without meaning for the other methods
    has_flash_attention: bool = True
    has_sequence_parallelism: bool = False  # tensor parallelism splits norms and residuals too
    has_interleaving: bool = False  # a pipeline's GPUs hold several chunks of layers each, which fills it sooner
    recomputation: Recomputation | None = None
    zero_stage: int | None = None
    tensor: int | None = None
    pipeline: int | None = None
    micro_batch: int | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that cannot be."""
        for name in ("sequence_length", "batch_tokens", "rank"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if self.precision_bytes not in (2, 4):
            raise ValueError(f"precision_bytes must be 2 or 4, not {self.precision_bytes!r}")

    @property
    def batch_sequences(self) -> int:
        """Sequences of one optimiser step, at least one."""
        return max(1, self.batch_tokens // self.sequence_length)

    def micro_batches(self, layout: Layout) -> float:
        """Forward passes of each GPU in an optimiser step of the batch, at least one."""
        return max(1.0, self.batch_sequences / (layout.data * layout.micro_batch))

    def updates(self, layout: Layout) -> float:
        """Updates of the weights while the batch goes through: one, or one a forward pass with the optimiser in backward."""
        return self.micro_batches(layout) if self.has_optimizer_in_backward else 1.0

    def chunks(self, layout: Layout) -> int:
        """Chunks of layers that each GPU of the pipeline holds: 1 without interleaving, or with too few micro batches."""
        if not self.has_interleaving or self.batch_sequences < layout.data * layout.micro_batch * layout.pipeline:
            return 1
        return max(1, layout.stage_layers(self.model.layers) // LAYERS_OF_A_CHUNK)

    @property
    def adapter_parameters(self) -> int:
        """Parameters of adapters of `rank` on every matrix of attention and feed-forward (0 without adapters).

        A matrix of m x n gets rank x (m + n). Of a mixture of experts every expert gets its own.
        """
        if not self.method.has_adapters:
            return 0
        model = self.model
        key_values = model.kv_heads * model.head_size
        attention = 2 * (model.hidden + model.query_size) + 2 * (model.hidden + key_values)
        dense = model.layers if model.experts is None else (model.dense_layers or 0)
        width = 3 if model.is_gated else 2
        experts = (model.experts or 0) * (model.hidden + (model.expert_feed_forward or 0))
        shared = model.hidden + model.shared_feed_forward if model.shared_feed_forward else 0
        feed_forward = dense * (model.hidden + model.feed_forward) + (model.layers - dense) * (experts + shared)
        return self.rank * (model.layers * attention + width * feed_forward)

    @property
    def is_mixed(self) -> bool:
        """Whether all weights are trained in 16 bits over an FP32 copy."""
        return self.precision_bytes == 2 and not (self.is_pure_bf16 or self.method.has_adapters)

    @property
    def may_use_host(self) -> bool:
        """Whether the machine's own memory holds what the GPUs do not, or may have to."""
        return self.optimizer.is_paged or self.cpu_offload is not CpuOffload.NONE

    @property
    def holding_options(self) -> tuple[str, ...]:
        """The options for how weights and optimiser are held, as a terminal takes them, where they are not the usual ones."""
        return (
            *(("--optimizer", str(self.optimizer)) if self.optimizer is not self.method.usual_optimizer else ()),
            *(("--pure-bf16",) if self.is_pure_bf16 else ()),
            *(("--optimizer-in-backward",) if self.has_optimizer_in_backward else ()),
            *(("--cpu-offload", str(self.cpu_offload)) if self.cpu_offload is not CpuOffload.NONE else ()),
        )

    @property
    def held(self) -> str:
        """How weights and optimiser are held, in words: `adamw-8bit, pure BF16`."""
        outside = {
            CpuOffload.OPTIMIZER: "the optimiser in host memory",
            CpuOffload.ALL: "weights and optimiser in host memory",
        }
        words = (
            str(self.optimizer),
            "pure BF16" if self.is_pure_bf16 else "",
            "optimiser in backward, nothing accumulated" if self.has_optimizer_in_backward else "",
            outside.get(self.cpu_offload, ""),
        )
        return ", ".join(filter(None, words))

    @property
    def trained_parameters(self) -> int:
        """Parameters that get gradients and optimiser states."""
        return self.adapter_parameters if self.method.has_adapters else self.model.parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageWork:
    """The part of a workload that only language models have: the job, the stack, and the source of the tokens."""

    job: LanguageJob
    stack: str
    node_count: int = 1
    network_gbit_per_s: float | None = None  # of one machine; None: not stated
    host_memory_gib: float | None = None  # of one machine; None: not stated
    is_whole_run: bool = True  # with what runs lose between steps; a benchmark counts steps only

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The assumptions behind the workload, a line each."""
        job = self.job
        others = "; compare methods within one stack ({stack})" if job.method.has_adapters else ""
        adapters = f" of rank {job.rank} on every matrix" if job.method.has_adapters else ""
        return (
            f"{job.method}{adapters}, sequences of {job.sequence_length:,} tokens, {job.batch_tokens:,} tokens a step, "
            f"{job.held}; each GPU count in its fastest layout that fits into memory",
            Sentence(
                "software stack {chosen}"
                + others
                + "; published results on the same GPUs differ up to 4 times between stacks",
                chosen=self.stack,
            ),
            *(f"{job.model.name}: {remark}" for remark in job.model.remarks),
        )
