"""Encoders whose sequence length was not given: which length a figure stands for, and how far it may be off for another."""

from __future__ import annotations

import math
from dataclasses import replace

from planner.model.records import Throughput, Workload
from planner.throughput.ranges import together

SHORTEST, LONGEST = 128, 512
"""Tokens of the two phases that encoders are trained in: https://arxiv.org/abs/1810.04805 (appendix A.2)."""


def of_open_length(found: Throughput, workload: Workload, length: int | None) -> Throughput:
    """The throughput with the range that any usual length of a sequence asks for; unchanged where the length is known.

    It is known where it was given, where the data set sets it, and where the user measured. Sequences a second fall in
    proportion to the length: at 128 tokens the slow end is divided by 4, the fast end stays. The part of the range that
    differs from row to row stays as it was.
    """
    model = workload.model
    is_open = model.sample_unit == "sequence" and model.dataset is None and workload.input_size is None
    if not is_open or workload.measured or length is None:
        return found
    slower, faster = (max(0.0, math.log(one)) for one in (LONGEST / length, length / SHORTEST))
    rate = found.samples_per_second
    return replace(
        found,
        low=rate * math.exp(-together(math.log(rate / found.low), slower)),
        high=rate * math.exp(together(math.log(found.high / rate), faster)),
        relative_low=found.low if found.relative_low is None else found.relative_low,
        relative_high=found.high if found.relative_high is None else found.relative_high,
        notes=(
            f"stands for sequences of {length} tokens: their length was not given, and encoders are trained on {SHORTEST} "
            f"to {LONGEST}; range widened",
            *found.notes,
        ),
    )
