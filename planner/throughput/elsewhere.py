"""Throughput of what the rows of GPUs do not speak of: boosted trees anywhere, and networks on processors."""

from __future__ import annotations

from collections.abc import Iterable

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


def is_measured_alike(workload: Workload, device: str) -> bool:
    """Whether an own measurement says something of this device: one of GPUs of GPUs, one of processors of processors."""
    return any(is_processor(own.gpu) == is_processor(device) for own in workload.measured)


def of_other_devices(workload: Workload, devices: Iterable[str]) -> str:
    """A sentence where GPUs are among the devices and processors alone were measured; empty elsewhere."""
    if not workload.measured or all(is_measured_alike(workload, device) for device in devices):
        return ""
    names = ", ".join(sorted({own.gpu for own in workload.measured}))
    return f"what you measured on {names} says nothing of GPUs"


def only_on_gpus(workload: Workload) -> Workload:
    """The workload with what was measured on GPUs alone: what a processor reached says nothing of them."""
    measured = tuple(own for own in workload.measured if not is_processor(own.gpu))
    return workload if len(measured) == len(workload.measured) else changed(workload, measured=measured)
