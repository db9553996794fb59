"""Families of language models: how the `config.json` of each is read, from `data/language_families.csv`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from planner.hardware.tables import read_table


@dataclass(frozen=True, kw_only=True)  # without slots, so that what is parsed can be kept
class Family:
    """How files of one `model_type` are read.

    `text_family` is set for models that read pictures or sound: the family of the text model inside, where the file does
    not say it, and `beside` names what they have besides it. `norms` counts the norms of a layer, each of `norm_vectors`
    vectors (a layer norm has a weight and a bias). `biases` says which matrices have one: `none`, `qkv` or `all`.
    `positions` is set where positions have parameters: how many rows more than the longest context. `reads` are
    `field=key`, with `a|b` for either of two keys, `a.b` for a nested key, `key/2` for half of it and a number for
    itself; `unused` names keys that count nothing; fields that are not there have the keys of `COMMON_KEYS`. `defaults` are the values of keys that a file leaves out.
    """

    model_type: str
    text_family: str | None
    beside: str | None
    is_gated: bool
    norms: int
    norm_vectors: int
    biases: str
    positions: int | None
    reads: tuple[str, ...]
    defaults: tuple[str, ...]

    @cached_property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of each figure, the first one that a file holds counts."""
        own = dict(pair.split("=", 1) for pair in self.reads)
        return {field: tuple(keys.split("|")) for field, keys in {**COMMON_KEYS, **own}.items() if keys}

    @cached_property
    def default_values(self) -> Mapping[str, int | bool]:
        """What the family's own code takes where a file has no such key."""
        pairs = (pair.split("=", 1) for pair in self.defaults)
        return {key: _FLAGS[value] if value in _FLAGS else int(value) for key, value in pairs}


@cache
def load_families() -> Mapping[str, Family]:
    """Every family that is understood, by the `model_type` of its files."""
    return read_table("language_families.csv", Family, lambda family: family.model_type)


COMMON_KEYS = {
    "layers": "num_hidden_layers|n_layer|n_layers|num_layers",
    "hidden": "hidden_size|n_embd|d_model",
    "heads": "num_attention_heads|n_head|n_heads|num_heads",
    "vocabulary": "vocab_size",
    "kv_heads": "num_key_value_heads",
    "head_size": "head_dim",
    "feed_forward": "intermediate_size|n_inner|ffn_dim",
    "longest": "max_position_embeddings|n_positions|max_seq_len|n_ctx|max_sequence_length|seq_length",
    "is_tied": "tie_word_embeddings",
}
"""What a figure is called in most families."""

_FLAGS = {"yes": True, "no": False}
