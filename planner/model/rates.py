"""What a speed is of, and how Python's prompt shows one."""

from __future__ import annotations

from typing import Any

Cell = tuple[str, float]
"""A GPU key and how many of them work together."""


def throughput_text(throughput: Any) -> str:
    """Samples per second with the ends of their range and what they rest on; then how they came about, and notes.

    The record cannot be named here: it takes this for its `__repr__`.
    """
    rate = (throughput.samples_per_second, throughput.low, throughput.high)
    middle, low, high = (f"{value:,.0f}" if value >= 1000 else f"{value:.4g}" for value in rate)
    first = (
        f"{middle} ({low} to {high}) samples a second, {throughput.basis}: {throughput.precision}, {throughput.stack}"
    )
    return "\n  ".join((first, *throughput.steps, *throughput.notes))
