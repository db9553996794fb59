"""Throughput of what the rows of GPUs do not speak of: boosted trees anywhere, and networks on processors."""

from __future__ import annotations

from planner.errors import NoThroughputError
from planner.hardware.processors import is_processor
from planner.model.frozen import changed
from planner.model.records import Throughput, Workload


def elsewhere(workload: Workload, device: str, count: float, nodes: int = 1) -> Throughput | NoThroughputError:
    """Throughput of boosted trees on a GPU or processor, or of anything on a processor; or why none is known."""
    try:
        if nodes > 1:
            return NoThroughputError("neither trees nor processors were measured on several machines", argument="nodes")
        if workload.trees is not None:
            from planner.throughput.trees import tree_throughput  # noqa: PLC0415 - most runs need none of it

            return tree_throughput(workload.trees, device, count)
        from planner.throughput.on_processors import network_throughput  # noqa: PLC0415 - as above

        return network_throughput(workload, device, count)
    except NoThroughputError as error:
        return type(error)(
            error.message, argument=error.argument
        )  # what is kept must not hold on to where it was raised


def measured_alike(workload: Workload, device: str) -> tuple[str, ...]:
    """The devices of own measurements that say something of this one: GPUs of GPUs, processors of processors."""
    kind = is_processor(device)
    return tuple(own.gpu for own in workload.measured if is_processor(own.gpu) == kind)


def only_on_gpus(workload: Workload) -> Workload:
    """The workload with what was measured on GPUs alone: what a processor reached says nothing of them."""
    measured = tuple(own for own in workload.measured if not is_processor(own.gpu))
    return workload if len(measured) == len(workload.measured) else changed(workload, measured=measured)
