"""How long it takes from the start of billing to the first step: of one machine, and of several that begin together.

    one machine     120 s
    n machines      120 s + 30 s x log2(n) + 0.05 s x GPUs

A choice between what was measured (`data/startup_times.csv`), not a measurement: a ready machine takes 75 to 160 s; the slowest of
several sets the time, and each doubling is taken as what one machine's libraries take to find each other (31 s); 0.05 s a GPU meets
the 150 s that were seen at some thousand.
"""

from __future__ import annotations

import math
from functools import cache

from planner.hardware.access import Checked
from planner.hardware.tables import read_rows
from planner.model.frozen import dataclass

STARTUP_SECONDS = 120.0
"""Of one machine: boot, container start, first batch."""
SECONDS_PER_DOUBLING, SECONDS_PER_GPU = 30.0, 0.05
"""What each doubling of machines adds, and each GPU of several machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupTime:
    """A published time of a start in seconds, from `data/startup_times.csv`; without a figure the note says what is known."""

    what: str
    scale: str
    low: float | None
    high: float | None
    note: str
    source: str
    checked: Checked
    as_of: str


def usual_startup_seconds(gpu_count: float, node_count: int) -> float:
    """Seconds until so many machines, each with so many GPUs, make their first step.

    >>> [round(usual_startup_seconds(8, machines)) for machines in (1, 2, 8, 256)]
    [120, 151, 213, 462]
    """
    if node_count == 1:
        return STARTUP_SECONDS
    return STARTUP_SECONDS + SECONDS_PER_DOUBLING * math.log2(node_count) + SECONDS_PER_GPU * gpu_count * node_count


@cache
def startup_times() -> tuple[StartupTime, ...]:
    """What was published of starts, in the order of the table."""
    return tuple(read_rows("startup_times.csv", StartupTime))
