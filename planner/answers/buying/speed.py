"""The speed of the work on one machine of a comparison, or the refusal that names what to do instead."""

from __future__ import annotations

from planner.answers.throughput import speeds_of
from planner.errors import Message, NoThroughputError
from planner.hardware.processors import device_count_text
from planner.model.records import Basis, Throughput, Workload


def speed_on(
    workload: Workload,
    cell: tuple[str, float],
    *,
    weakest: Basis = Basis.MODELLED,
    argument: str,
    instead: Message,
) -> Throughput:
    """Throughput of the workload on so many of a device.

    Raises:
        NoThroughputError: nothing says how fast; it is about the argument, and ends with what to do instead.
    """
    found = speeds_of(workload, weakest=weakest).on(*cell)
    if isinstance(found, NoThroughputError):
        machine = device_count_text(*cell)
        raise type(found)(
            "{why} on {machine}. {instead}", argument=argument, why=found, machine=machine, instead=instead
        )
    return found
