"""Encoders of text (BERT and its like): what one holds for the backward pass follows from its shape.

Counted operation by operation from the modules of Transformers 4 and 5 in plain PyTorch, with attention in a fused kernel and
dropout. No figure was fitted.
"""

from __future__ import annotations

from typing import NamedTuple

from planner.model.records import Model


class Shape(NamedTuple):
    """Layers, those of a decoder beside them, and hidden size; the feed-forward is four times as wide."""

    layers: int
    decoder_layers: int
    hidden: int

    @property
    def multiplied(self) -> int:
        """Parameters of the products of all layers."""
        return (12 * self.layers + 16 * self.decoder_layers) * self.hidden**2


_BASE, _LARGE = Shape(12, 0, 768), Shape(24, 0, 1024)
_SHAPES = {
    "bart-large": Shape(12, 12, 1024),
    "bert-base-squad": _BASE,
    "bert-large": _LARGE,
    "bert-large-squad": _LARGE,
    "biobert-base": _BASE,
    "distilbert-base": Shape(6, 0, 768),
    "electra-base": _BASE,
    "roberta-base": _BASE,
    "roberta-large": _LARGE,
    "xlm-roberta-base": _BASE,
    "xlm-roberta-large": _LARGE,
}
"""Table 1 of https://arxiv.org/abs/1810.04805, section 3 of https://arxiv.org/abs/1910.01108 and 1910.13461; the others are of BERT's."""
_LAYER_BYTES = {2: 42, 4: 66}
"""A layer keeps, of a token and in its hidden size: three copies of its input for queries, keys and values (6 bytes; in FP32 the input
itself, 4), these (6; 12), attention (2; 4), inputs of both norms, which autocast leaves in FP32 (8), the input of the feed-forward (2; 4),
before and after its GELU (16; 32), and two masks of dropout (2)."""
_CROSS_BYTES = {2: 19, 4: 25}
"""Cross attention of a decoder's layer: copies of its inputs (6; in FP32 that of the queries, 4, as all layers read one output of the
encoder), queries, keys and values (6; 12), attention (2; 4), its norm's input (4) and its mask (1)."""
_TABLE_BYTES = 5
"""The sum of the embeddings: its norm's input in FP32, and its mask."""


def shape_of(model: Model) -> Shape | None:
    """The shape of an encoder; `None` if the model is none, or its shape is not listed."""
    return _SHAPES.get(model.name)


def token_bytes(shape: Shape, precision_bytes: int) -> float:
    """Bytes that each token of a sequence keeps for the backward pass, the vocabulary of a head apart."""
    layers = (shape.layers + shape.decoder_layers) * _LAYER_BYTES[precision_bytes]
    return float(shape.hidden * (layers + shape.decoder_layers * _CROSS_BYTES[precision_bytes] + _TABLE_BYTES))
