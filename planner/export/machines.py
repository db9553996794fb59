"""Names of machines as the clouds' tools want them, where price lists name them otherwise."""

from __future__ import annotations

import re

from planner.errors import Message
from planner.hardware.gpus import load_gpus
from planner.model.frozen import dataclass
from planner.model.records import Offer

_REGION = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")
_ARM = frozenset({"gb200-192gb", "gb300-288gb", "gh200-96gb", "t4g"})
"""GPUs that clouds only sell beside ARM processors: NVIDIA's Grace, and AWS's Graviton 2 with the T4G."""

_AZURE_EDGE = ("att", "sgx")


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpMachine:
    """A Compute Engine machine type; N1 has its GPUs attached, all others bring theirs."""

    machine_type: str
    accelerator: str | None = None
    count: int = 0


def gcp_machine(instance_type: str) -> GcpMachine:
    """The machine type and the GPUs attached to it.

    >>> gcp_machine("n1-standard-8+2x-nvidia-tesla-t4")
    GcpMachine(machine_type='n1-standard-8', accelerator='nvidia-tesla-t4', count=2)
    """
    if found := re.fullmatch(r"(n1-[a-z]+-\d+)\+(\d+)x-([a-z0-9-]+)", instance_type):
        return GcpMachine(machine_type=found[1], accelerator=found[3], count=int(found[2]))
    return GcpMachine(machine_type=instance_type)


def no_region(offer: Offer) -> str | Message | None:
    """The reason why a tool cannot be given this price's region; `None` if it can."""
    if not _REGION.fullmatch(offer.region):
        return f"{offer.region[:60]!r} is not the name of a region"
    if offer.provider == "aws" and not _AWS_REGION.fullmatch(offer.region):
        parent = re.match(r"[a-z]{2}(?:-[a-z]+)+-\d+", offer.region)
        return Message(
            "{place} is a Local or Wavelength Zone, which needs a subnet of its own there{instead}",
            place=offer.region,
            instead=Message(" ({regions} {parent} is the region it belongs to)", parent=parent[0]) if parent else "",
        )
    if offer.provider == "azure" and offer.region.startswith(_AZURE_EDGE):
        return f"{offer.region} is an Azure edge zone, not a region"
    return None


def broken_gpus(offer: Offer) -> str | None:
    """The reason why a tool that counts whole GPUs cannot rent this machine; `None` if it can."""
    if offer.gpu_count == int(offer.gpu_count):
        return None
    return f"it counts whole GPUs, and {offer.instance_type} has {offer.gpu_count:g} of one"


def is_arm(offer: Offer) -> bool:
    """Whether programs and container images must be built for ARM."""
    return offer.gpu in _ARM


def gpu_vendor(offer: Offer) -> str:
    """`nvidia` or `amd`."""
    return load_gpus()[offer.gpu].vendor.lower()
