"""Logs with one line an epoch, which has the mean time of its steps and not their number."""

from __future__ import annotations

import math
from dataclasses import replace

from planner.logs.records import Facts, Run


def epoch_steps_of(facts: Facts) -> float | None:
    """Steps of an epoch, of its samples and those of a step; `None` if either is unknown."""
    batch = facts.batch_size or (facts.batch_of_all if facts.gpu_count == 1 else None)
    if not facts.epoch_samples or not batch or facts.gpu_count is None:
        return None
    return math.ceil(facts.epoch_samples / (batch * facts.gpu_count))


def in_steps(run: Run, facts: Facts) -> Run:
    """The run with the steps of each epoch; without their number nothing is known of what lies between two epochs."""
    length = epoch_steps_of(facts)
    if length is None:
        return replace(run, on_clock=(), wall_seconds=None, stops=True)
    intervals = (
        replace(one, end=one.end * length, steps=one.steps * length, seconds=one.seconds * length)
        for one in run.intervals
    )
    on_clock = (replace(one, end=one.end * length, steps=one.steps * length) for one in run.on_clock)
    return replace(run, intervals=tuple(intervals), on_clock=tuple(on_clock))
