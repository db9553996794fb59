"""What code of Transformers that is not compiled holds beyond the count: each operation keeps what it read for the backward pass.

Counted operation by operation from the modules of Transformers 4 and 5 under PyTorch's autocast; h is the hidden size, f the inner
width of the feed-forward. No figure was fitted.
"""

from __future__ import annotations

from planner.model.language_runs import LanguageJob

GELU_IN_PARTS = ("gpt2-", "gpt-j-", "gpt-neo-", "phi-1", "phi-2")
"""Models whose activation function, `gelu_new`, is five operations in Python."""


def plain_layer_bytes(job: LanguageJob) -> float:
    """Bytes of a token in a layer beyond the usual count, 0 if the job runs compiled or fused code.

    A root-mean-square norm goes through FP32: its input (4 h) and the normalised (2 h) stay beside the output, 8 h for both norms
    of a layer. Autocast keeps residuals in FP32 and casts the input of every product anew: 18 h for both. Adapters freeze
    the norms, but each of the seven keeps its own copy of its input: 12 h.

    A plain layer norm is one operation: under autocast it keeps its input in FP32, 4 h for both.
    `gelu_new` keeps five results in place of two: its power and what follows from it are FP32 under autocast.
    """
    model = job.model
    if not job.is_plain:
        return 0.0
    if model.is_gated:
        return (12 if job.method.has_adapters else 18 if job.is_mixed else 8) * model.hidden
    norms = 4 * model.hidden if job.is_mixed else 0
    in_parts = model.name.startswith(GELU_IN_PARTS)
    gelu = (12 if job.is_mixed else 3 * job.precision_bytes) * model.feed_forward if in_parts else 0
    return float(norms + gelu)


def residual_bytes(job: LanguageJob) -> int:
    """Bytes of one element between the layers: FP32 where plain code casts by itself, else as wide as products."""
    return 4 if job.is_plain and job.is_mixed else job.precision_bytes
