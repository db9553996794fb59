"""Predictions of left-out rows, split by split: ranges are calibrated on them, and `validate` reports them.

Nothing that stems from a left-out row is used to predict it: repeats, software versions, batch sizes and counts of a cell
leave together, and the variances are those learnt without its GPU (or without its model).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.accuracy.learning.leave_out_counts import counts_left_out, nodes_left_out
from planner.accuracy.learning.leave_out_gpus import carried_left_out, single_gpu_left_out, versions_left_out
from planner.accuracy.learning.leave_out_models import (
    arithmetic_left_out,
    filled_levels_left_out,
    frameworks_left_out,
    levels_left_out,
)
from planner.accuracy.learning.left_out import Evidence, LeftOut


def all_left_out(evidence: Evidence, variances: Mapping[str, Any]) -> list[LeftOut]:
    """Every split, in the order of the report."""
    return [
        *versions_left_out(evidence),
        *single_gpu_left_out(evidence, variances["transfer"]),
        *carried_left_out(evidence),
        *levels_left_out(evidence, variances["level"]),
        *filled_levels_left_out(evidence, variances["level"]),
        *arithmetic_left_out(evidence),
        *frameworks_left_out(evidence),
        *counts_left_out(evidence, variances["scaling"]),
        *nodes_left_out(evidence),
    ]
