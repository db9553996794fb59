"""Plain vision transformers (ViT, DeiT, BEiT): what one holds for the backward pass follows from its shape.

Their activations are counted with the scores of attention, which a fused kernel (PyTorch since 2.0, timm since 0.9) never writes out.
"""

from __future__ import annotations

import re

from planner.model.records import Model

_NAMES = re.compile(r"(?:vit|deit3?|beit)_(tiny|small|base|large|huge)(?:_distilled)?_patch(\d+)_")
_SHAPES = {
    "tiny": (12, 192, 3),
    "small": (12, 384, 6),
    "base": (12, 768, 12),
    "large": (24, 1024, 16),
    "huge": (32, 1280, 16),
}
"""Layers, hidden size and heads: table 1 of https://arxiv.org/abs/2010.11929, tiny and small of https://arxiv.org/abs/2012.12877."""
_OUTPUTS = 10
"""Outputs of a layer's products in its hidden size h: queries, keys, values (3), attention and its projection (2), feed-forward (4 + 1)."""
_NEAR = 0.02
BYTES_PER_ELEMENT = {2: 36 / _OUTPUTS, 4: 64 / _OUTPUTS}
"""A layer keeps, in h: both norms' inputs, which autocast leaves in FP32 (4 + 4 bytes), their outputs (2 + 2), queries, keys, values (6),
attention (2), the feed-forward before and after its GELU (8 + 8); in FP32 16 elements of 4 bytes."""


def held_millions(model: Model) -> float | None:
    """Million output elements of a sample without the scores of attention; `None` if it is no plain transformer.

    Its activations must be those of the shape that its name says: some names promise a shape that the network does not have.

    Examples:
        ViT-B/16: 23.9 million are counted, of which 12 layers x 12 heads x 197 x 197 = 5.6 million are scores.
    """
    named = _NAMES.match(model.name)
    if named is None or model.activations_millions is None or model.input_size is None:
        return None
    layers, hidden, heads = _SHAPES[named[1]]
    tokens = (model.input_size // int(named[2])) ** 2 + 1
    scores = layers * heads * tokens**2 / 1e6
    held = (layers * _OUTPUTS + 1) * hidden * tokens / 1e6
    return held if abs(held + scores - model.activations_millions) <= _NEAR * model.activations_millions else None
