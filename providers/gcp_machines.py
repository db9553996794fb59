"""Google Cloud GPU machines: their shapes and regions, from the Compute API's pages or from the shipped tables.

The Compute API needs an account and a project; without them the tables `data/gcp_machine_types.csv` and
`data/gcp_accelerators.csv` say what exists and where it was last seen.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from planner.errors import DataError
from planner.model.records import HeldBack
from planner.paths import shipped_data_dir
from planner.units import MIB_PER_GIB

LOCAL_SSD_PARTITION_GIB = 375
A4X_PARTITION_GIB = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One GPU as Google names it; `price_names` are the names of its price rows, `n1_counts` the numbers an N1 takes."""

    name: str
    gpu: str
    price_names: tuple[str, ...]
    n1_counts: tuple[int, ...]
    n1_regions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine with its GPUs; `family` is how its host is priced. Empty `regions`: wherever all its parts have a price.

    `gpu_count` is a fraction for G4 slices. N1 machines are named after the host and what is attached to it.
    """

    instance_type: str
    family: str
    accelerator: str
    gpu: str
    gpu_count: float
    vcpus: int
    memory_gib: float
    local_ssd_gib: int
    network_gbps: float | None
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Machines by type, what was not believed, and GPUs or families no table row stands for."""

    machines: tuple[Machine, ...]
    held_back: tuple[HeldBack, ...] = ()
    unknown: Mapping[str, int]


def shipped_machines() -> Machines:
    """The machines of the shipped tables."""
    rows = [_shipped_machine(row) for row in _machine_rows()]
    hosts = {row.instance_type: row for row in rows if row.family == "N1"}
    attached = [
        _with_attached(hosts[f"n1-standard-{8 * count}"], accelerator, count, accelerator.n1_regions)
        for accelerator in load_accelerators().values()
        for count in accelerator.n1_counts
    ]
    machines = [row for row in rows if row.family != "N1"] + attached
    return Machines(machines=tuple(sorted(machines, key=lambda machine: machine.instance_type)), unknown={})


ScopedRow = tuple[str, dict[str, Any]]
"""The zone of a row of an aggregated list, and the row."""


def machine_rows(page: Mapping[str, Any]) -> list[ScopedRow]:
    """Rows of a page of machine types that have a GPU or can take one: about one in five."""
    return [
        (zone, row)
        for zone, row in _scoped_rows(page, "machineTypes")
        if row.get("accelerators") or _family(str(row.get("name")))
    ]


def accelerator_rows(page: Mapping[str, Any]) -> list[ScopedRow]:
    """Rows of a page of accelerator types."""
    return list(_scoped_rows(page, "acceleratorTypes"))


def listed_machines(machines: Iterable[ScopedRow], accelerators: Iterable[ScopedRow]) -> Machines:
    """The machines in rows of the Compute API's aggregated lists of machine types and accelerator types."""
    held_back: list[HeldBack] = []
    unknown: Counter[str] = Counter()
    zones: dict[Machine, set[str]] = defaultdict(set)
    for zone, row in machines:
        try:
            machine = _listed_machine(row)
        except _UnknownError as error:
            unknown[str(error)] += 1
        except _DoubtError as doubt:
            held_back.append(_held(row, zone, str(doubt)))
        else:
            if machine is not None:
                zones[machine].add(zone)
    settled, conflicts = _settled(zones)
    hosts = {machine: zones[machine] for machine in settled if machine.family == "N1"}
    whole = [replace(machine, regions=_regions(zones[machine])) for machine in settled if machine.family != "N1"]
    attached = _attached(hosts, accelerators, unknown)
    return Machines(
        machines=tuple(sorted(whole + attached, key=lambda machine: machine.instance_type)),
        held_back=tuple(held_back + conflicts),
        unknown=dict(unknown),
    )


@cache
def load_accelerators() -> Mapping[str, Accelerator]:
    """The shipped table of accelerators by Google's name."""
    return {
        row["accelerator"]: Accelerator(
            name=row["accelerator"],
            gpu=row["gpu"],
            price_names=tuple(name for name in row["price_names"].split(";") if name),
            n1_counts=tuple(int(count) for count in row["n1_gpu_counts"].split()),
            n1_regions=tuple(row["n1_regions"].split()),
        )
        for row in _rows(shipped_data_dir() / "gcp_accelerators.csv")
    }


class _DoubtError(Exception):
    """A machine type says something that cannot be used."""


class _UnknownError(Exception):
    """A GPU or family no table row stands for."""


_FAMILIES = (
    (re.compile(r"a2-(high|mega|ultra)gpu-\d+g"), "A2"),
    (re.compile(r"a3-(high|edge)gpu-\d+g(-nolssd)?"), "A3"),
    (re.compile(r"a3-megagpu-\d+g(-nolssd)?"), "A3Plus"),
    (re.compile(r"a3-ultragpu-\d+g(-nolssd)?"), "A3Ultra"),
    (re.compile(r"a4-highgpu-\d+g(-nolssd)?"), "A4"),
    (re.compile(r"a4x-.+"), "A4X"),
    (re.compile(r"g2-standard-\d+"), "G2"),
    (re.compile(r"g4-standard-\d+"), "G4"),
    (re.compile(r"n1-standard-(8|16|32|64)"), "N1"),
)
_WITHDRAWN = frozenset({"OBSOLETE", "DELETED"})


def _family(instance_type: str) -> str | None:
    return next((family for pattern, family in _FAMILIES if pattern.fullmatch(instance_type)), None)


@cache
def _machine_rows() -> Sequence[dict[str, str]]:
    return _rows(shipped_data_dir() / "gcp_machine_types.csv")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _shipped_machine(row: dict[str, str]) -> Machine:
    family = _family(row["instance_type"])
    if family is None:
        raise DataError(
            f"gcp_machine_types.csv: {row['instance_type']} is of no known family. Reinstall gpu-cost-planner."
        )
    accelerator = row["accelerator"]
    return Machine(
        instance_type=row["instance_type"],
        family=family,
        accelerator=accelerator,
        gpu=load_accelerators()[accelerator].gpu if accelerator else "",
        gpu_count=float(row["gpu_count"] or 0),
        vcpus=int(row["vcpus"]),
        memory_gib=float(row["memory_gib"]),
        local_ssd_gib=int(row["local_ssd_gib"]),
        network_gbps=_network_gbps(row["instance_type"]),
        regions=tuple(row["regions"].split()),
    )


def _network_gbps(instance_type: str) -> float | None:
    """Network speed of a machine from the shipped table, since the Compute API does not say it."""
    for row in _machine_rows():
        if row["instance_type"] == instance_type and row["network_gbps"]:
            return float(row["network_gbps"])
    return None


def _with_attached(host: Machine, accelerator: Accelerator, count: int, regions: Iterable[str]) -> Machine:
    return replace(
        host,
        instance_type=f"{host.instance_type}+{count}x-{accelerator.name}",
        accelerator=accelerator.name,
        gpu=accelerator.gpu,
        gpu_count=float(count),
        regions=tuple(sorted(regions)),
    )


def _scoped_rows(page: Mapping[str, Any], key: str) -> Iterator[ScopedRow]:
    """Zone and row of every row of a page; zones with nothing on a page carry a warning instead."""
    scopes = page.get("items")
    for scope, content in sorted(scopes.items()) if isinstance(scopes, dict) else ():
        rows = content.get(key) if isinstance(content, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield scope.removeprefix("zones/"), row


def _listed_machine(row: dict[str, Any]) -> Machine | None:
    """The machine a row describes; `None` if it has no GPU and takes none, or was withdrawn."""
    name = str(row.get("name"))
    family = _family(name)
    kinds = [kind for kind in row.get("accelerators") or () if isinstance(kind, dict)]
    state = row["deprecated"].get("state") if isinstance(row.get("deprecated"), dict) else None
    if (not kinds and family is None) or state in _WITHDRAWN or any(_is_tpu(kind) for kind in kinds):
        return None
    if len(kinds) > 1:
        raise _DoubtError("two kinds of accelerators in one machine")
    if family != "N1" and not kinds:
        raise _DoubtError("no accelerator where the type has some")
    accelerator = str(kinds[0].get("guestAcceleratorType")) if kinds else ""
    if accelerator and accelerator not in load_accelerators():
        raise _UnknownError(accelerator)
    if family is None:
        raise _UnknownError(f"machine type {name} ({accelerator})")
    vcpus = _positive(row, "guestCpus")
    return Machine(
        instance_type=name,
        family=family,
        accelerator=accelerator,
        gpu=load_accelerators()[accelerator].gpu if accelerator else "",
        gpu_count=_gpu_count(row, kinds[0], family) if kinds else 0.0,
        vcpus=vcpus,
        memory_gib=_positive(row, "memoryMb") / MIB_PER_GIB,
        local_ssd_gib=_local_ssd_gib(row, family),
        network_gbps=_network_gbps(name),
        regions=(),
    )


def _is_tpu(kind: dict[str, Any]) -> bool:
    return str(kind.get("guestAcceleratorType")).startswith("ct")


def _positive(row: dict[str, Any], field: str) -> int:
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise _DoubtError(f"{field} is {value!r}")
    return value


def _gpu_count(row: dict[str, Any], kind: dict[str, Any], family: str) -> float:
    """Number of GPUs; slices of G4 report one, and only the description states the fraction ("1/8 NVIDIA RTX PRO 6000 GPU")."""
    count = _positive(kind, "guestAcceleratorCount")
    part = re.search(r"\b([1-9])/([1-9]) NVIDIA\b", str(row.get("description")))
    if part:
        return int(part[1]) / int(part[2])
    if family == "G4" and _positive(row, "guestCpus") < 48 * count:
        raise _DoubtError("a part of a GPU, but not which part")
    return float(count)


def _local_ssd_gib(row: dict[str, Any], family: str) -> int:
    ssds = row.get("bundledLocalSsds")
    if not isinstance(ssds, dict):
        return 0
    return _positive(ssds, "partitionCount") * (A4X_PARTITION_GIB if family == "A4X" else LOCAL_SSD_PARTITION_GIB)


def _settled(zones: Mapping[Machine, set[str]]) -> tuple[list[Machine], list[HeldBack]]:
    """Machines of one shape each; a type with two shapes is held back."""
    shapes: dict[str, list[Machine]] = defaultdict(list)
    for machine in zones:
        shapes[machine.instance_type].append(machine)
    conflicts = [
        _held({"name": name}, " ".join(sorted(zones[machine])), f"another shape than elsewhere: {machine.vcpus} vCPUs")
        for name, machines in shapes.items()
        if len(machines) > 1
        for machine in machines
    ]
    return [machines[0] for machines in shapes.values() if len(machines) == 1], conflicts


def _attached(
    hosts: Mapping[Machine, set[str]], accelerators: Iterable[ScopedRow], unknown: Counter[str]
) -> list[Machine]:
    """N1 hosts with 8 vCPUs a GPU, in the regions with a zone that has both the host and the GPU."""
    gpu_zones: dict[str, set[str]] = defaultdict(set)
    for zone, row in accelerators:
        name = str(row.get("name"))
        if name in load_accelerators():
            gpu_zones[name].add(zone)
        elif not name.startswith("ct") and not name.endswith("-vws"):  # TPUs; the same card with a licence
            unknown[name] += 1
    return [
        _with_attached(host, load_accelerators()[name], count, _regions(both))
        for name, zones in gpu_zones.items()
        for count in load_accelerators()[name].n1_counts
        for host, host_zones in hosts.items()
        if host.vcpus == 8 * count and (both := zones & host_zones)
    ]


def _regions(zones: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({zone.rsplit("-", 1)[0] for zone in zones}))


def _held(row: dict[str, Any], zone: str, reason: str) -> HeldBack:
    return HeldBack(
        instance_type=str(row.get("name")),
        region=zone.rsplit("-", 1)[0],
        zone=zone,
        gpu=None,
        gpu_count=None,
        purchase=None,
        usd_per_hour=None,
        source="https://compute.googleapis.com/compute/v1 aggregated/machineTypes",
        reason=reason,
    )
