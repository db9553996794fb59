"""Networks on processors."""

from __future__ import annotations

from planner.errors import NoThroughputError
from planner.model.records import Throughput, Workload


def network_throughput(workload: Workload, device: str, count: float) -> Throughput:
    """Samples per second."""
    raise NoThroughputError("no training of networks on processors is known yet")
