"""Says what of today's builds of a framework speaks against a GPU: the one rule for every answer."""

from __future__ import annotations

from planner.hardware.frameworks import framework_problem, wheel_problem
from planner.model.records import Workload


def build_refusal(workload: Workload, device: str) -> str | None:
    """Why the framework that was asked for has no build for a GPU; `None` if it has one, if none was asked for, or if nobody knows."""
    return None if workload.framework is None else framework_problem(workload.framework, device)


def build_warning(workload: Workload, device: str) -> str | None:
    """What to mind before one runs on a GPU what is planned there; nothing on processors, and none of tools that boost trees."""
    if workload.trees is not None:
        return None
    return build_refusal(workload, device) or wheel_problem(workload.framework, device)
