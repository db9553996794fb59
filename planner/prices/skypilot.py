"""SkyPilot catalogues: one `vms.csv` per cloud (schema v3 and later, https://github.com/skypilot-org/skypilot-catalog).

Its traps, as seen in the files of 2025 and 2026:

* On GCP a machine's row prices the host alone and says nothing of its GPUs; GPUs have rows of their own without a
  machine. A price is made from both, and local SSD that comes with a machine is in neither.
* On GCP some regions list the rate of the Dynamic Workload Scheduler as on-demand price of A100, H100, H200 and B200:
  the same constant in regions whose list prices differ. Those rows are held back.
* A file does not say when its prices held.
* One row per zone; on demand repeats the region's price in each.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from planner.model.records import Purchase
from planner.prices.checks import price_problem
from planner.prices.delivery import Delivery, Reach
from planner.prices.foreign import CatalogueReader, Line
from planner.prices.registry import parsed_prices

SKYPILOT_COLUMNS = frozenset({"InstanceType", "AcceleratorName", "AcceleratorCount", "Price", "SpotPrice", "Region"})

Row = dict[str, str]

# GPUs that come with a machine, by the name that GCP gives the family
_GCP_FAMILIES = {
    "a2-highgpu": "A100",
    "a2-megagpu": "A100",
    "a2-ultragpu": "A100-80GB",
    "a3-highgpu": "H100",
    "a3-megagpu": "H100-MEGA",
    "a3-ultragpu": "H200",
    "a4-highgpu": "B200",
    "g2-standard": "L4",
}
_G2_COUNTS = {"4": "1", "8": "1", "12": "1", "16": "1", "32": "1", "24": "2", "48": "4", "96": "8"}
# attached to N1 hosts: eight vCPUs to a GPU, as in the other price lists of these machines
_N1_GPUS = {"T4": "nvidia-tesla-t4", "P4": "nvidia-tesla-p4", "V100": "nvidia-tesla-v100", "P100": "nvidia-tesla-p100"}
# USD per GPU-hour, catalogue of 2026-05-20: equal in all regions, 0.36 to 0.66 of the list price
_SCHEDULER_RATES = {"H100": (4.20076,), "H100-MEGA": (4.42394,), "H200": (4.57532,), "B200": (8.055, 11.277)}
_GCP_EXCLUDES = tuple(
    {"instance_types": f"{family}-*", "what": "local SSD that comes with the machine"}
    for family in ("a2-ultragpu", "a3-highgpu", "a3-megagpu", "a3-ultragpu", "a4-highgpu")
)


def skypilot_delivery(path: Path, data_dir: Path, observed_at: datetime) -> Delivery:
    """The GPU offers of one cloud's `vms.csv`; the folder that holds it names the cloud."""
    provider = skypilot_provider(path)
    reader = CatalogueReader(provider, data_dir, observed_at, f"SkyPilot catalogue {path.parent.name}/{path.name}")
    rows = _rows(path)
    for line in _gcp_lines(rows, reader) if provider == "gcp" else _lines(rows):
        reader.add(line)
    return Delivery(
        provider=provider,
        observed_at=observed_at,
        parsed=parsed_prices(
            reader.offers(), held_back=reader.held_back, unknown_gpus=sorted(reader.unknown_gpus.items())
        ),
        purchases=(Purchase.ON_DEMAND, Purchase.SPOT),
        reach=Reach.LISTED_ONLY,
        sources=(
            {
                "name": "SkyPilot catalogue",
                "observed_on": observed_at.date(),
                "address": "https://github.com/skypilot-org/skypilot-catalog",
                "note": f"{path.parent.name}/{path.name}, dated by hand",
            },
        ),
        excludes=_GCP_EXCLUDES if provider == "gcp" else (),
    )


def skypilot_provider(path: Path) -> str:
    """The provider whose prices a `vms.csv` holds."""
    return path.parent.name.lower()


def newest_skypilot_files(paths: Iterator[Path]) -> list[Path]:
    """One file per cloud: the one of the highest schema folder (`v8` over `v7`)."""
    newest: dict[str, tuple[int, Path]] = {}
    for path in sorted(paths):
        version = max((int(part[1:]) for part in path.parts if re.fullmatch(r"v\d+", part)), default=0)
        provider = skypilot_provider(path)
        if provider not in newest or version > newest[provider][0]:
            newest[provider] = (version, path)
    return [path for _, path in newest.values()]


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]


def _lines(rows: list[Row]) -> Iterator[Line]:
    for row in rows:
        if row["AcceleratorName"] and row["InstanceType"]:
            yield from _priced(row, row["InstanceType"], row, row["Price"], row["SpotPrice"])


def _priced(host: Row, instance_type: str, gpus: Row, on_demand: str, spot: str) -> Iterator[Line]:
    for purchase, price in ((Purchase.ON_DEMAND, on_demand), (Purchase.SPOT, spot)):
        if not price:
            continue  # not offered that way
        yield Line(
            instance_type=instance_type,
            region=host["Region"],
            zone=host.get("AvailabilityZone") or None,
            gpu_name=gpus["AcceleratorName"],
            gpu_count=gpus["AcceleratorCount"],
            gpu_memory_mib=_gpu_memory_mib(gpus.get("GpuInfo", ""), gpus["AcceleratorName"]),
            vcpus=host["vCPUs"],
            memory_gib=host["MemoryGiB"],
            purchase=purchase,
            usd_per_hour=price,
        )


def _gpu_memory_mib(text: str, name: str) -> float | None:
    stated = re.search(r"(\d+)GB\b", name)
    if stated:
        return float(stated[1]) * 1024
    try:
        info: Any = ast.literal_eval(text) if text.startswith("{") else {}
        return float(info["Gpus"][0]["MemoryInfo"]["SizeInMiB"])
    except (ValueError, SyntaxError, LookupError, TypeError):
        return None


def _gcp_lines(rows: list[Row], reader: CatalogueReader) -> Iterator[Line]:
    gpus: dict[tuple[str, str, float], Row] = {}
    for row in rows:
        if row["InstanceType"] or not row["AcceleratorName"]:
            continue
        if row["AcceleratorName"].startswith("tpu"):
            reader.unknown_gpus["TPU"] += 1
            continue
        gpus[row["AvailabilityZone"], row["AcceleratorName"], float(row["AcceleratorCount"])] = row
    for host in rows:
        for name, count, instance_type in _gcp_machines(host["InstanceType"]):
            found = gpus.get((host["AvailabilityZone"], name, count))
            if found is None:
                continue  # the zone has the host but not the GPU
            on_demand = _sum(host["Price"], found["Price"])
            spot = _sum(host["SpotPrice"], found["SpotPrice"])
            for line in _priced(host, instance_type, found, on_demand, spot):
                if line.purchase is Purchase.ON_DEMAND and _is_scheduler_rate(found):
                    reader.hold_back(line, "the catalogue lists the Dynamic Workload Scheduler rate as on-demand price")
                else:
                    yield line


def _gcp_machines(machine: str) -> Iterator[tuple[str, float, str]]:
    """GPU name, count and our name of every GPU machine that a host can be part of."""
    family, _, size = machine.rpartition("-")
    if family in _GCP_FAMILIES:
        count = _G2_COUNTS.get(size) if family == "g2-standard" else size.removesuffix("g")
        if count and count.isdigit():
            yield _GCP_FAMILIES[family], float(count), machine
    elif family == "n1-standard" and size.isdigit() and int(size) % 8 == 0:
        for name, spelled in _N1_GPUS.items():
            yield name, int(size) / 8, f"{machine}+{int(size) // 8}x-{spelled}"


def _sum(host: str, gpus: str) -> str:
    """Price of host and GPUs together, as text; empty if one of the two is not offered."""
    if not host or not gpus:
        return ""
    if price_problem(host) or price_problem(gpus):
        return f"{host} + {gpus}"  # no number: will be held back, with both parts shown
    # ten digits: the catalogue rounds to five decimals, the sum must not show more than binary noise less
    return f"{float(host) + float(gpus):.10g}"


def _is_scheduler_rate(gpus: Row) -> bool:
    rates = _SCHEDULER_RATES.get(gpus["AcceleratorName"], ())
    if price_problem(gpus["Price"]):
        return False
    per_gpu = float(gpus["Price"]) / float(gpus["AcceleratorCount"])
    return any(abs(per_gpu / rate - 1) < 1e-4 for rate in rates)
