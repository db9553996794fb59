"""Azure sizes: the GPU, memory and vCPUs of each size name.

Neither of Azure's services says which GPU a size has, only the name does; so the table `data/azure_sizes.csv` decides,
and a name it does not list is reported, never guessed. The list of resource SKUs, where an account allows it, says
vCPUs and memory, and its GPU counts check the table.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from planner.model.records import HeldBack
from planner.paths import shipped_data_dir

ADDRESS = "https://management.azure.com Microsoft.Compute/skus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size; `gpu_count` is a fraction where GPUs are shared. `note` is what a reader of its price should know."""

    name: str
    gpu: str
    gpu_count: float
    vcpus: float | None
    memory_gib: float | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Known sizes by name, and what the list of resource SKUs added.

    `listed` are the sizes with GPUs that the account sees, `unlisted_gpus` those of them no table row stands for,
    `contradicted` those whose GPU count differs from the table's, with the reason.
    """

    by_name: Mapping[str, Size]
    listed: frozenset[str] = frozenset()
    unlisted_gpus: frozenset[str] = frozenset()
    contradicted: Mapping[str, str]
    held_back: tuple[HeldBack, ...] = ()


def is_gpu_size(name: str) -> bool:
    """Whether a size is of the N series; NP machines carry FPGAs."""
    return name.startswith("Standard_N") and not name.startswith("Standard_NP")


def is_gpu_machine(sku: object) -> bool:
    """Whether a resource SKU is a GPU size: most of them are disks and machines without GPUs."""
    return (
        isinstance(sku, dict)
        and sku.get("resourceType") == "virtualMachines"
        and is_gpu_size(str(sku.get("name") or ""))
    )


@cache
def shipped_sizes() -> Mapping[str, Size]:
    """The shipped table by size name."""
    with (shipped_data_dir() / "azure_sizes.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["instance_type"]: Size(
                name=row["instance_type"],
                gpu=row["gpu"],
                gpu_count=float(row["gpu_count"]),
                vcpus=_number(row["vcpus"]),
                memory_gib=_number(row["memory_gib"]),
                note=row["note"],
            )
            for row in csv.DictReader(file)
        }


@cache
def shipped_regions() -> frozenset[str]:
    """Regions where Azure has been seen to price GPU sizes."""
    with (shipped_data_dir() / "azure_regions.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["region"] for row in csv.DictReader(file))


def read_sizes(skus: Iterable[Any]) -> Sizes:
    """The shipped sizes, corrected by rows of the resource SKU list; without rows the shipped sizes as they are."""
    by_name = dict(shipped_sizes())
    listed: dict[str, set[tuple[float | None, float | None, float]]] = {}
    held_back: list[HeldBack] = []
    for sku in skus:
        if not is_gpu_machine(sku):
            continue
        name, capabilities = str(sku["name"]), _capabilities(sku)
        gpus = _amount(capabilities.get("GPUs"))
        vcpus = _amount(capabilities.get("vCPUsAvailable")) or _amount(capabilities.get("vCPUs"))
        memory_gib = _amount(capabilities.get("MemoryGB"))  # GiB in spite of its name
        if gpus is None or vcpus is None or memory_gib is None:
            held_back.append(_held(sku, name, capabilities))
            continue
        listed.setdefault(name, set()).add((vcpus, memory_gib, gpus))
    contradicted = {}
    for name, shapes in listed.items():
        known = by_name.get(name)
        if known is None:
            continue
        if len(shapes) > 1:
            contradicted[name] = f"the resource SKU list gives {len(shapes)} different shapes"
            continue
        vcpus, memory_gib, gpus = next(iter(shapes))
        if gpus != math.ceil(known.gpu_count):  # a share of a GPU is listed as one
            contradicted[name] = f"{gpus:g} GPUs by the resource SKU list, {known.gpu_count:g} by the shipped table"
            continue
        by_name[name] = replace(known, vcpus=vcpus, memory_gib=memory_gib)
    return Sizes(
        by_name=by_name,
        listed=frozenset(listed),
        unlisted_gpus=frozenset(name for name in listed if name not in by_name),
        contradicted=contradicted,
        held_back=tuple(held_back),
    )


def _capabilities(sku: Mapping[str, Any]) -> dict[str, str]:
    pairs = sku.get("capabilities")
    return {
        str(pair.get("name")): str(pair.get("value"))
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, dict)
    }


def _amount(text: str | None) -> float | None:
    """A positive number as Azure writes it ("220", "3.5"); `None` for anything else."""
    try:
        value = float(text) if text is not None else 0.0
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _held(sku: Mapping[str, Any], name: str, capabilities: Mapping[str, str]) -> HeldBack:
    said = ", ".join(f"{key} {capabilities.get(key)!r}" for key in ("GPUs", "vCPUs", "MemoryGB"))
    locations = sku.get("locations")
    return HeldBack(
        instance_type=name,
        region=" ".join(map(str, locations)).lower() if isinstance(locations, list) else "",
        zone=None,
        gpu=None,
        gpu_count=capabilities.get("GPUs"),
        purchase=None,
        usd_per_hour=None,
        source=ADDRESS,
        reason=f"not a usable shape: {said}; the shipped table was used",
    )
