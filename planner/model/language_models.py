"""Language models by shape: the record, and its parameters counted from the shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

MOST = {
    "layers": 10_000,
    "hidden": 1_000_000,
    "heads": 100_000,
    "kv_heads": 100_000,
    "head_size": 100_000,
    "feed_forward": 10_000_000,
    "vocabulary": 100_000_000,
}
"""Largest sizes, far beyond any model; what lies above is a typing error, and would take for ever to search."""
_OPTIONAL = (
    "learned_positions",
    "experts",
    "expert_feed_forward",
    "shared_feed_forward",
    "query_rank",
    "key_value_rank",
    "rope_size",
    "value_size",
)
"""Sizes that a shape may lack."""


@dataclass(frozen=True, kw_only=True)  # without slots, so that what is counted from the shape can be kept
class LanguageModel:
    """The shape of a decoder-only transformer, from `data/language_models.csv`.

    `feed_forward` is the inner width of a dense layer; a gated feed-forward has three matrices, a plain one two.
    `vector_parameters_per_layer` counts norms and biases of a layer, `other_parameters` what lies outside the layers
    (final norm, bias of the output layer). A mixture of experts has `experts` of width `expert_feed_forward` in every
    layer after the first `dense_layers`, `experts_per_token` of them active, and shared experts of a total width of
    `shared_feed_forward`. `key_value_rank` is set for latent attention: keys have `head_size + rope_size` elements.
    """

    name: str
    aliases: tuple[str, ...] = ()
    family: str = ""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    feed_forward: int
    is_gated: bool
    vocabulary: int
    learned_positions: int | None = None  # None: positions have no parameters (rotary, ALiBi)
    is_tied: bool  # the output layer uses the embedding's weights
    vector_parameters_per_layer: int
    other_parameters: int
    experts: int | None = None  # None: dense
    experts_per_token: int | None = None
    expert_feed_forward: int | None = None
    shared_feed_forward: int | None = None
    dense_layers: int | None = None
    query_rank: int | None = None
    key_value_rank: int | None = None
    rope_size: int | None = None
    value_size: int | None = None
    context_length: int
    beside: str = ""  # what the model has besides its text model, which alone is counted
    published_parameters: float | None = None
    published_active_parameters: float | None = None
    parameters_source: str = ""  # where the published number stands
    source: str
    as_of: str
    remarks: tuple[str, ...] = field(default=(), metadata={"is_column": False})  # what a model's own file leaves open

    def __post_init__(self) -> None:
        """Refuse a shape that no transformer can have."""
        for name, most in MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most:,}, not {getattr(self, name)!r}")
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MOST["feed_forward"]:
                raise ValueError(f"{name} must be 1 to {MOST['feed_forward']:,}, not {value!r}")
        if not 0 <= (self.dense_layers or 0) <= self.layers:
            raise ValueError(f"{self.dense_layers!r} dense layers of {self.layers}")
        if self.heads % self.kv_heads:
            raise ValueError(f"{self.heads} heads cannot share {self.kv_heads} key-value heads evenly")
        if self.experts is not None and not 1 <= (self.experts_per_token or 0) <= self.experts:
            raise ValueError(f"{self.experts_per_token!r} of {self.experts} experts per token")

    @property
    def is_weakly_sourced(self) -> bool:
        """Whether the shape was read off no file."""
        return self.source.startswith("general knowledge")

    @property
    def query_size(self) -> int:
        """Elements of all query heads of a token together, without the rotary part of latent attention."""
        return self.heads * self.head_size

    @cached_property
    def attention_parameters(self) -> int:
        """Matrix elements of one attention block."""
        if self.key_value_rank is None:
            return 2 * self.hidden * (self.query_size + self.kv_heads * self.head_size)
        key = self.heads * (self.head_size + (self.rope_size or 0))
        value = self.heads * (self.value_size or self.head_size)
        rank = self.query_rank
        query = self.hidden * key if rank is None else rank * (self.hidden + key)
        latent = self.hidden * (self.key_value_rank + (self.rope_size or 0))
        return query + latent + self.key_value_rank * (self.query_size + value) + value * self.hidden

    @property
    def embedding_parameters(self) -> int:
        """Elements of the embedding tables; only looked up, never multiplied."""
        return self.hidden * (self.vocabulary + (self.learned_positions or 0))

    @property
    def output_parameters(self) -> int:
        """Elements of the matrix that gives the logits, whether it is the embedding or its own."""
        return self.hidden * self.vocabulary

    @cached_property
    def parameters(self) -> int:
        """All parameters, counted from the shape."""
        expert_layers = self.layers - self._dense_layers
        return (
            self.embedding_parameters
            + (0 if self.is_tied else self.output_parameters)
            + self.layers * (self.attention_parameters + self.vector_parameters_per_layer)
            + self._dense_layers * self._matrices * self.hidden * self.feed_forward
            + expert_layers * self._expert_layer(self.experts or 0)
            + self.other_parameters
        )

    @cached_property
    def active_parameters(self) -> int:
        """Parameters that one token passes through; the same as `parameters` in a dense model."""
        expert_layers = self.layers - self._dense_layers
        idle = (self.experts or 0) - (self.experts_per_token or 0)
        return self.parameters - expert_layers * idle * self._matrices * self.hidden * (self.expert_feed_forward or 0)

    @cached_property
    def matrix_parameters(self) -> int:
        """Elements of all matrices a token is multiplied with, the output layer included, embedding look-ups not."""
        vectors = self.layers * self.vector_parameters_per_layer + self.other_parameters
        tables = self.embedding_parameters - (self.output_parameters if self.is_tied else 0)
        return self.active_parameters - vectors - tables

    @cached_property
    def active_feed_forward(self) -> float:
        """Inner feed-forward elements of one token, the mean over layers."""
        expert_width = (self.experts_per_token or 0) * (self.expert_feed_forward or 0) + (self.shared_feed_forward or 0)
        dense = self._dense_layers
        return (dense * self.feed_forward + (self.layers - dense) * expert_width) / self.layers

    @cached_property
    def layer_parameters(self) -> float:
        """Parameters of one layer, the mean over layers."""
        outside = self.embedding_parameters + (0 if self.is_tied else self.output_parameters) + self.other_parameters
        return (self.parameters - outside) / self.layers

    @property
    def _dense_layers(self) -> int:
        return self.layers if self.experts is None else (self.dense_layers or 0)

    @property
    def _matrices(self) -> int:
        return 3 if self.is_gated else 2

    def _expert_layer(self, experts: int) -> int:
        """Parameters of the experts and the router of one layer."""
        width = experts * (self.expert_feed_forward or 0) + (self.shared_feed_forward or 0)
        return self._matrices * self.hidden * width + self.hidden * experts
