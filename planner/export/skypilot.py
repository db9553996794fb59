"""A row as a SkyPilot task (https://docs.skypilot.co/en/latest/reference/yaml-spec.html), for SkyPilot 0.10 and newer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.errors import Message
from planner.export.machines import gcp_machine, no_region
from planner.export.quoting import block, yaml_value
from planner.export.task import ANYWHERE, Task
from planner.model.records import Offer

PROVIDERS = ("aws", "azure", "gcp", "lambda", "oci", "runpod", "vast")

SYSTEM_DISK_GB = 256
"""SkyPilot's own default for the system disk; what the run stores comes on top."""

_VAST_PLACE = re.compile(r"(?:[\w .'-]+/)?[A-Z]{2}/[A-Z]{2}")  # Sichuan/CN/AS: city or state, country, continent
_ONE_NODE = ("runpod", "vast")  # SkyPilot 0.14 refuses several nodes there
_WITH_GPUS = ("a2-", "a3-highgpu-", "a3-megagpu-", "a3-ultragpu-", "a4-highgpu-", "g2-standard-")
_ACCELERATORS = {
    "nvidia-tesla-p100": "P100",
    "nvidia-tesla-p4": "P4",
    "nvidia-tesla-t4": "T4",
    "nvidia-tesla-v100": "V100",
}


def why_not(offer: Offer, node_count: int) -> str | Message | None:
    """The reason why SkyPilot cannot run this; `None` if it can."""
    if offer.provider in _ONE_NODE and node_count > 1:
        return f"SkyPilot runs one node on {offer.provider}, not {node_count}"
    if offer.provider == "runpod" and "SkyPilot" not in offer.source:
        return f"SkyPilot's name for {offer.instance_type} on RunPod is not known"
    if offer.provider == "gcp":
        machine = gcp_machine(offer.instance_type)
        if machine.accelerator is None and not machine.machine_type.startswith(_WITH_GPUS):
            return f"SkyPilot does not know the GPUs of {offer.instance_type}"
        if machine.accelerator is not None and machine.accelerator not in _ACCELERATORS:
            return f"SkyPilot's name for {machine.accelerator} is not known"
    if offer.provider == "vast":
        known = _VAST_PLACE.fullmatch(offer.region)
        return None if known else f"{offer.region[:60]!r} is not a place as Vast.ai writes them"
    return None if offer.region == ANYWHERE else no_region(offer)


def text(task: Task) -> Iterator[str]:
    """The lines of the file, without the header."""
    offer = task.offer
    machine = gcp_machine(offer.instance_type)
    yield f"name: {yaml_value(task.name)}"
    if task.estimate.node_count > 1:
        yield f"num_nodes: {task.estimate.node_count}"
    yield "resources:"
    yield f"  infra: {yaml_value(_infra(offer))}{_zone(offer)}"
    yield f"  instance_type: {yaml_value(machine.machine_type)}"
    if machine.accelerator:
        yield f"  accelerators: {yaml_value(f'{_ACCELERATORS[machine.accelerator]}:{machine.count}')}"
    yield f"  use_spot: {'true' if task.is_spot else 'false'}"
    if task.disk_gb:
        yield f"  disk_size: {SYSTEM_DISK_GB + task.disk_gb}  # GB: {task.disk_gb} for the run, {SYSTEM_DISK_GB} is SkyPilot's default"
    if task.image:
        yield f"  image_id: {yaml_value('docker:' + task.image)}"
    yield f"run: {block(task.lines, 2)}"


def ends_runs(offer: Offer) -> bool:
    """Whether the file can end a run at its limit. SkyPilot has no limit of time."""
    return False


def how_to_run(task: Task) -> str:
    """The command that starts it."""
    if task.is_spot:
        return "sky jobs launch FILE (a managed job: it starts again after an interruption and ends its machines)"
    return f"sky launch -c {task.name} --down FILE (--down ends the machines after the run)"


def _infra(offer: Offer) -> str:
    if offer.region == ANYWHERE:
        return offer.provider
    if offer.provider == "vast":
        # France/FR/EU is "France, FR, EU" in SkyPilot's catalogue, and CN/AS, without a city, ", CN, AS"
        return f"vast/{', '.join(['', *offer.region.split('/')][-3:])}"
    return f"{offer.provider}/{offer.region}"


def _zone(offer: Offer) -> str:
    if offer.zone is None:
        return ""
    return "  # any zone: the price is that of one zone, known by its id only"
