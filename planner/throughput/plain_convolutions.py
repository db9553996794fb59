"""Networks of convolutions that hold more or less than most: VGG without norms, and EfficientNet.

Counted operation by operation for PyTorch; no figure was fitted.
"""

from __future__ import annotations

import re

from planner.model.records import Model

_VGG = re.compile(r"vgg(?:11|13|16|19)(?:\.|$)")
_EFFICIENTNET = re.compile(r"(?:tf_)?efficientnet(?:v2)?_(?:rw_)?(?:b\d|s|m|l|xl|t)(?:[._]|$)")
_POOLED_MILLIONS = 1.530
"""Outputs of the five poolings of every VGG at 224 pixels: 64 x 112^2 + 128 x 56^2 + 256 x 28^2 + 512 x 14^2 + 512 x 7^2."""
_INDEX_BYTES = 8
_USUAL_SIZE = 224


def held_bytes(model: Model, precision_bytes: int) -> float | None:
    """Bytes of activations that one sample keeps for the backward pass; `None` if the network is neither.

    VGG: an output of a convolution, which its ReLU overwrites, and of each pooling the output and where its maxima lay. EfficientNet: the
    outputs of a convolution, of its norm and of its SiLU, which keeps its input.

    Examples:
        VGG-16 in 16 bits: 13.56 x 2 + 1.53 x 10 = 42.4 MB a picture.
    """
    if model.activations_millions is None or model.input_size is None:
        return None
    outputs = model.activations_millions * 1e6
    if _VGG.match(model.name):
        pooled = _POOLED_MILLIONS * 1e6 * (model.input_size / _USUAL_SIZE) ** 2
        return outputs * precision_bytes + pooled * (precision_bytes + _INDEX_BYTES)
    if _EFFICIENTNET.match(model.name):
        return 3.0 * outputs * precision_bytes
    return None
