"""Hardware failures during a run, on rented and owned machines alike."""

from __future__ import annotations

from planner.options.bill_arguments import GPU_HOURS_PER_FAILURE

COUNTED_FROM = 0.1
"""Failures expected over a run from which they are part of its time and bill. Below, nine in ten runs or more see none,
and what the average run loses is far inside the range of the throughput."""


def failures_per_hour(gpu_count: float, gpu_hours_per_failure: float = GPU_HOURS_PER_FAILURE) -> float:
    """Failures per hour of a run on so many GPUs; one that fails stops them all.

    >>> round(1 / failures_per_hour(16_384), 1)  # hours between failures of the published run
    3.1
    """
    return gpu_count / gpu_hours_per_failure
