"""A row as a dstack task (https://dstack.ai/docs/reference/dstack.yml/task)."""

from __future__ import annotations

from collections.abc import Iterator

from planner.errors import Message
from planner.export.machines import broken_gpus, gcp_machine, gpu_vendor, is_arm, no_region
from planner.export.quoting import block, quoted, yaml_value
from planner.export.task import ANYWHERE, Task
from planner.model.records import Offer

_BACKENDS = {
    "aws": "aws",
    "azure": "azure",
    "gcp": "gcp",
    "lambda": "lambda",
    "oci": "oci",
    "runpod": "runpod",
    "vast": "vastai",
    "vultr": "vultr",
}
PROVIDERS = tuple(_BACKENDS)

SYSTEM_DISK_GB = 100
"""dstack's own default for the disk; what the run stores comes on top."""

_MANY_NODES = ("aws", "azure", "gcp", "oci", "runpod", "vultr")  # dstack 0.22: backends with multi-node support
_BY_GPU = ("runpod", "vast")
"""Marketplaces whose instances dstack names by other names than the price lists: the GPU is asked for instead."""

_GPUS = {
    "a100-40gb-pcie": ("A100", 40),
    "a100-40gb-sxm": ("A100", 40),
    "a100-80gb-pcie": ("A100", 80),
    "a100-80gb-sxm": ("A100", 80),
    "a40": ("A40", None),
    "b200-180gb-sxm": ("B200", None),
    "b300-288gb-sxm": ("B300", None),
    "h100-80gb-pcie": ("H100", None),
    "h100-80gb-sxm": ("H100", None),
    "h100-94gb-nvl": ("H100NVL", None),
    "h200-141gb-nvl": ("H200NVL", None),
    "h200-141gb-sxm": ("H200", None),
    "l4": ("L4", None),
    "l40": ("L40", None),
    "l40s": ("L40S", None),
    "mi300x": ("MI300X", None),
    "p100-16gb": ("P100", None),
    "rtx-3060": ("RTX3060", 12),
    "rtx-3090": ("RTX3090", None),
    "rtx-4000-ada": ("RTX4000Ada", None),
    "rtx-4090": ("RTX4090", None),
    "rtx-5070": ("RTX5070", None),
    "rtx-5090": ("RTX5090", None),
    "rtx-6000-ada": ("RTX6000Ada", None),
    "rtx-a4000": ("A4000", None),
    "rtx-a4500": ("A4500", None),
    "rtx-a5000": ("A5000", None),
    "rtx-a6000": ("A6000", None),
    "rtx-pro-6000-blackwell": ("RTXPRO6000", None),
    "t4": ("T4", None),
    "v100-16gb": ("V100", 16),
}
"""dstack's name of each GPU that is asked for by name, and its GB where two cards share the name."""


def why_not(offer: Offer, node_count: int) -> str | Message | None:
    """The reason why dstack cannot run this; `None` if it can."""
    if node_count > 1 and offer.provider not in _MANY_NODES:
        return f"dstack runs one node on {offer.provider}, not {node_count}"
    if _is_by_gpu(offer) and offer.gpu not in _GPUS:
        return f"dstack's name for the GPU {offer.gpu} is not known"
    if not _is_by_gpu(offer) and offer.region != ANYWHERE and (reason := no_region(offer)):
        return reason
    return broken_gpus(offer)


def text(task: Task) -> Iterator[str]:
    """The lines of the file, without the header."""
    offer = task.offer
    yield "type: task"
    yield f"name: {yaml_value(task.name)}"
    if task.estimate.node_count > 1:
        yield f"nodes: {task.estimate.node_count}"
    yield f"backends: [{_BACKENDS[offer.provider]}]"
    if offer.provider not in _BY_GPU:
        if offer.region != ANYWHERE:
            yield f"regions: [{quoted(offer.region)}]{_zone(offer)}"
        yield f"instance_types: [{quoted(gcp_machine(offer.instance_type).machine_type)}]"
    yield f"spot_policy: {'spot' if task.is_spot else 'on-demand'}"
    if task.is_spot:
        yield "retry:"
        yield "  on_events: [interruption]"
    yield f"max_price: {task.usd_per_hour_at_most:g}  # USD per instance and hour: dearer offers are not taken"
    if task.max_seconds:
        yield f"max_duration: {task.max_seconds}s"
    if task.image:
        yield f"image: {yaml_value(task.image)}"
    yield "commands:"
    yield f"  - {block(task.lines, 4)}"
    yield "resources:"
    if is_arm(offer):
        yield "  cpu:"
        yield "    arch: arm"
    yield from (f"  {line}" for line in _gpu(offer))
    if task.disk_gb:
        yield f"  disk: {SYSTEM_DISK_GB + task.disk_gb}GB..  # {task.disk_gb} for the run, {SYSTEM_DISK_GB} is dstack's default"


def ends_runs(offer: Offer) -> bool:
    """Whether the file can end a run at its limit. By `max_duration`."""
    return True


def how_to_run(task: Task) -> str:
    """The command that starts it."""
    cluster = " whose placement is cluster" if task.estimate.node_count > 1 else ""
    return f"dstack apply -f FILE (the project needs a fleet{cluster} that may use {_BACKENDS[task.offer.provider]})"


def _gpu(offer: Offer) -> Iterator[str]:
    yield "gpu:"
    yield f"  vendor: {gpu_vendor(offer)}"
    if _is_by_gpu(offer):
        name, memory = _GPUS[offer.gpu]
        yield f"  name: {yaml_value(name)}{_variant(offer.gpu)}"
        if memory:
            yield f"  memory: {memory}GB"
    yield f"  count: {offer.gpu_count:g}"


def _is_by_gpu(offer: Offer) -> bool:
    is_attached = offer.provider == "gcp" and gcp_machine(offer.instance_type).accelerator is not None
    return offer.provider in _BY_GPU or is_attached


def _variant(gpu: str) -> str:
    kinds = {key for key, spec in _GPUS.items() if spec == _GPUS[gpu]}
    return (
        f"  # the estimate is for {gpu}; dstack does not tell it from {', '.join(sorted(kinds - {gpu}))}"
        if len(kinds) > 1
        else ""
    )


def _zone(offer: Offer) -> str:
    return "  # any zone: the price is that of one zone, known by its id only" if offer.zone else ""
