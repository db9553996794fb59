"""GPUs of EC2 instance types: from EC2's own description, checked against the shipped table."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from planner.errors import DataError, UnknownNameError
from planner.hardware.gpus import load_gpus, resolve_gpu
from planner.paths import shipped_data_dir
from planner.units import MIB_PER_GIB

# families named p, g or gr and a number hold GPUs; u-p are UltraServers made of p instances
GPU_FAMILY = re.compile(r"^(?:u-)?(?:p|gr?)\d")
_MEMORY_SLACK = 0.10  # drivers report 1 to 7 % less than the nominal memory
_NETWORK = re.compile(r"(?:(\d+)x )?(\d+(?:\.\d+)?) Gigabit")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """The hardware of an instance type; `gpu_count` is a fraction for g6f and gr6f."""

    name: str
    gpu: str
    gpu_count: float
    vcpus: float | None
    memory_gib: float | None
    network_gbps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTypes:
    """Hardware by instance type, and for the other types that may have a GPU the reason why theirs is unknown.

    `nameless` gives, for types whose GPU no table row stands for, the name that EC2 uses.
    """

    known: Mapping[str, InstanceType]
    doubtful: Mapping[str, str]
    nameless: Mapping[str, str]

    def may_have_gpu(self, name: str, gpu_text: str = "") -> bool:
        """Whether a row of this type concerns GPUs; `gpu_text` is what the price list says of them."""
        return name in self.known or name in self.doubtful or may_have_gpu(name, gpu_text)

    def doubt(self, name: str, gpu_text: str = "") -> str | None:
        """Why prices of this type cannot be used, `None` if its hardware is known and not contradicted."""
        if name in self.doubtful:
            return self.doubtful[name]
        known = self.known.get(name)
        if known is None:
            return f"which GPU {name} has is not known: update gpu-cost-planner, or fetch with AWS credentials"
        listed = _count(gpu_text)
        # the price list counts boards of two GPUs as one
        if listed is not None and known.gpu_count not in {listed, listed * load_gpus()[known.gpu].units_per_board}:
            return f"the price list gives {name} {gpu_text} GPUs, its description {known.gpu_count:g}"
        return None

    def family(self, name: str) -> str:
        """The name of an unknown GPU in a report: EC2's name for it or the family of the type."""
        return self.nameless.get(name, name.partition(".")[0])


def may_have_gpu(name: str, gpu_text: str = "") -> bool:
    """Whether the name of a type or the price list's `gpu` attribute speaks of a GPU."""
    return GPU_FAMILY.match(name) is not None or _count(gpu_text) is not None


def instance_types(described: Iterable[Mapping[str, Any]]) -> InstanceTypes:
    """The shipped table, overruled by what EC2 described; where the two contradict each other, neither is believed.

    Args:
        described: entries of `InstanceTypes` in replies of DescribeInstanceTypes; none without an account.
    """
    shipped = shipped_instance_types()
    known, doubtful, nameless = dict(shipped), {}, {}
    for entry in described:
        name = str(entry.get("InstanceType"))
        gpus = _list(_mapping(entry.get("GpuInfo")).get("Gpus"))
        if not gpus:
            if known.pop(name, None):
                doubtful[name] = f"EC2 describes {name} without a GPU, the shipped table with one"
            continue
        found = _described(name, entry, gpus)
        if isinstance(found, str):
            known.pop(name, None)
            doubtful[name], nameless[name] = found, str(_mapping(gpus[0]).get("Name"))
        elif name in shipped and (found.gpu, found.gpu_count) != (shipped[name].gpu, shipped[name].gpu_count):
            known.pop(name, None)
            doubtful[name] = (
                f"EC2 describes {name} with {found.gpu_count:g} x {found.gpu}, "
                f"the shipped table with {shipped[name].gpu_count:g} x {shipped[name].gpu}"
            )
        else:
            known[name] = found
    return InstanceTypes(known=known, doubtful=doubtful, nameless=nameless)


@cache
def shipped_instance_types() -> Mapping[str, InstanceType]:
    """Every row of `data/aws_instance_types.csv` by instance type."""
    path = shipped_data_dir() / "aws_instance_types.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            return {row["instance_type"]: _shipped(row) for row in reader}
        except (KeyError, ValueError) as error:
            raise DataError(f"{path}, line {reader.line_num}: {error!r}. Reinstall gpu-cost-planner.") from error


def described_type(entry: Mapping[str, Any]) -> InstanceType | str | None:
    """The hardware in one entry of DescribeInstanceTypes, why it cannot be told, or `None` without a GPU."""
    gpus = _list(_mapping(entry.get("GpuInfo")).get("Gpus"))
    return _described(str(entry.get("InstanceType")), entry, gpus) if gpus else None


def network_gbps(text: str) -> float | None:
    """Gigabits per second in a text such as `4x 100 Gigabit`; `None` for a promise such as `Up to 10 Gigabit`."""
    found = _NETWORK.fullmatch(text.strip())
    return float(found[1] or 1) * float(found[2]) if found else None


def _described(name: str, entry: Mapping[str, Any], gpus: list[Any]) -> InstanceType | str:
    counts = [_gpu_count(_mapping(gpu)) for gpu in gpus]
    keys = {_gpu_key(_mapping(gpu)) for gpu in gpus}
    key = keys.pop() if len(keys) == 1 else None
    if key is None:
        names = ", ".join(sorted({f"{_mapping(gpu).get('Name')} ({_gpu_mib(_mapping(gpu)):.0f} MiB)" for gpu in gpus}))
        return f"no GPU of the shipped table stands for {names}, which EC2 describes {name} with"
    if not all(counts):
        return f"EC2 describes {name} without a number of GPUs"
    return InstanceType(
        name=name,
        gpu=key,
        gpu_count=sum(counts),
        vcpus=_positive(_mapping(entry.get("VCpuInfo")).get("DefaultVCpus")),
        memory_gib=_divided(_positive(_mapping(entry.get("MemoryInfo")).get("SizeInMiB")), MIB_PER_GIB),
        network_gbps=_network(_mapping(entry.get("NetworkInfo"))),
    )


def _gpu_count(gpu: Mapping[str, Any]) -> float:
    """Number of GPUs, as a fraction for a slice: its `Count` is 0 and its size is in `GpuPartitionSize`."""
    whole = _positive(gpu.get("Count"))
    if whole is not None:
        return whole
    return (_positive(gpu.get("LogicalGpuCount")) or 0.0) * (_positive(gpu.get("GpuPartitionSize")) or 0.0)


def _gpu_mib(gpu: Mapping[str, Any]) -> float:
    """Memory of the whole GPU in MiB; EC2 gives that of the slice."""
    slice_mib = _positive(_mapping(gpu.get("MemoryInfo")).get("SizeInMiB")) or 0.0
    return slice_mib if _positive(gpu.get("Count")) else slice_mib / (_positive(gpu.get("GpuPartitionSize")) or 1.0)


def _gpu_key(gpu: Mapping[str, Any]) -> str | None:
    """Our key of the GPU; `A100` may be four GPUs: memory tells 40 from 80 GB, and AWS rents them as SXM modules only."""
    try:
        keys = resolve_gpu(str(gpu.get("Name")))
    except UnknownNameError:
        return None
    table, mib = load_gpus(), _gpu_mib(gpu)
    fitting = [key for key in keys if abs(mib / (table[key].memory_gib * MIB_PER_GIB) - 1) <= _MEMORY_SLACK]
    if len(fitting) > 1:
        fitting = [key for key in fitting if table[key].form_factor.upper().startswith("SXM")]
    return fitting[0] if len(fitting) == 1 else None


def _network(info: Mapping[str, Any]) -> float | None:
    stated = network_gbps(str(info.get("NetworkPerformance", "")))
    cards = _list(info.get("NetworkCards"))
    baselines = [_positive(_mapping(card).get("BaselineBandwidthInGbps")) for card in cards]
    known = [baseline for baseline in baselines if baseline is not None]
    if stated is not None or not known or len(known) != info.get("MaximumNetworkCards"):
        return stated
    return math.fsum(known)


def _shipped(row: Mapping[str, str]) -> InstanceType:
    return InstanceType(
        name=row["instance_type"],
        gpu=row["gpu"],
        gpu_count=float(row["gpu_count"]),
        vcpus=float(row["vcpus"]) if row["vcpus"] else None,
        memory_gib=float(row["memory_gib"]) if row["memory_gib"] else None,
        network_gbps=float(row["network_gbps"]) if row["network_gbps"] else None,
    )


def _count(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) > 0 else None


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
