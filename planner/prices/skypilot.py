"""SkyPilot catalogues: one `vms.csv` per cloud (schema v3 and later, https://github.com/skypilot-org/skypilot-catalog).

Its traps, as seen in the files of 2025 and 2026:

* On GCP a machine's row prices the host alone and says nothing of its GPUs; GPUs have rows of their own without a
  machine. A price is made from both, and local SSD that comes with a machine is in neither.
* On GCP some regions list the rate of the Dynamic Workload Scheduler as on-demand price; see `gcp_rates`.
* Nothing says which variant of a GPU a row means but the instance type's name, and the memory may be the host's.
* A file does not say when its prices held.
* One row per zone; on demand repeats the region's price in each.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from planner.model.records import Purchase
from planner.prices.checks import price_problem
from planner.prices.delivery import Delivery, Reach
from planner.prices.foreign import NAMELESS_GPU, NO_GPUS, SOURCES, CatalogueReader, Line, Terms, table_rows
from planner.prices.registry import machines_of, parsed_prices
from planner.prices.variants import named_gpus

SKYPILOT_COLUMNS = frozenset({"InstanceType", "AcceleratorName", "AcceleratorCount", "Price", "SpotPrice", "Region"})

Row = dict[str, str]

_FILES = ("vms", "instances")
# its names of GPUs that Google sells in several variants
_GCP_ACCELERATORS = {
    "A100": "nvidia-tesla-a100",
    "A100-80GB": "nvidia-a100-80gb",
    "H100": "nvidia-h100-80gb",
    "H100-MEGA": "nvidia-h100-mega-80gb",
    "H200": "nvidia-h200-141gb",
    "V100": "nvidia-tesla-v100",
}
_NO_PUBLIC_PRICE = ("a4x-",)  # by reservation only; a GPU that is priced beside it is not understood
_GCP_EXCLUDES = tuple(
    # of its own rows alone: other sources count the disks in
    {"instance_types": f"{family}-*", "what": "bundled local SSD", "source": f"{SOURCES[0]} *"}
    for family in ("a2-ultragpu", "a3-highgpu", "a3-megagpu", "a3-ultragpu", "a4-highgpu")
)


def skypilot_delivery(path: Path, terms: Terms) -> Delivery:
    """The GPU offers of one cloud's `vms.csv`; the folder that holds it names the cloud."""
    provider = skypilot_provider(path)
    reader = CatalogueReader(provider, terms, f"SkyPilot catalogue {path.parent.name}/{path.name}")
    rows = _rows(path)
    left_over: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    if provider == "gcp":
        gcp = _GcpRows(rows)
        reader.add_all(gcp.lines())
        left_over, bare = gcp.left_over(), gcp.bare
    else:
        reader.add_all(_lines(rows))
        left_over.update(row["AcceleratorName"] for row in rows if row["AcceleratorName"] and not row["InstanceType"])
    reader.unknown_gpus.update(
        NAMELESS_GPU for row in rows if row["AcceleratorCount"] not in NO_GPUS and not row["AcceleratorName"]
    )
    priceless = Counter(row["AcceleratorName"] for row in rows if not (row["Price"] or row["SpotPrice"]))
    return Delivery(
        provider=provider,
        observed_at=terms.observed_at,
        parsed=parsed_prices(
            reader.offers(), held_back=reader.held_back, unknown_gpus=sorted((reader.unknown_gpus + left_over).items())
        ),
        purchases=(Purchase.ON_DEMAND, Purchase.SPOT),
        reach=Reach.LISTED_ONLY,
        notes=(*_left_over_note(left_over), *_bare_note(bare), *_priceless_note(priceless), *reader.notes()),
        paths=(path,),
        sources=(
            {
                "name": "SkyPilot catalogue",
                "observed_on": reader.day,
                "address": "https://github.com/skypilot-org/skypilot-catalog",
                "note": f"{path.parent.name}/{path.name}, dated by hand",
            },
        ),
        excludes=_GCP_EXCLUDES if provider == "gcp" else (),
    )


def skypilot_provider(path: Path) -> str:
    """The provider whose prices a file holds: `<cloud>/vms.csv`, in old and single files `<cloud>.csv`."""
    return (path.parent.name if path.stem.endswith(_FILES) else path.stem).lower()


def newest_skypilot_files(paths: Iterable[Path]) -> list[Path]:
    """One file per cloud: the one of the highest schema folder (`v8` over `v7`), `vms.csv` before others in it."""
    newest: dict[str, tuple[int, bool, Path]] = {}
    for path in sorted(paths):
        version = max((int(part[1:]) for part in path.parts if re.fullmatch(r"v\d+", part)), default=0)
        rank = (version, path.stem == _FILES[0])
        provider = skypilot_provider(path)
        if provider not in newest or rank > newest[provider][:2]:
            newest[provider] = (*rank, path)
    return [path for *_, path in newest.values()]


def _rows(path: Path) -> list[Row]:
    """Rows of the file; a short row lacks cells, a file may lack columns: they are empty."""
    return [defaultdict(str, row) for row in table_rows(path)]


def _lines(rows: list[Row]) -> Iterator[Line]:
    for row in rows:
        if row["AcceleratorName"] and row["InstanceType"]:
            yield from _priced(row, row["InstanceType"], row, row["Price"], row["SpotPrice"])


def _priced(host: Row, instance_type: str, gpus: Row, on_demand: str, spot: str) -> Iterator[Line]:
    memory, texts = _gpu_info(gpus["GpuInfo"], gpus["AcceleratorName"])
    for purchase, price in ((Purchase.ON_DEMAND, on_demand), (Purchase.SPOT, spot)):
        if not price:
            continue  # not offered that way
        part = gpus["Price" if purchase is Purchase.ON_DEMAND else "SpotPrice"]
        yield Line(
            instance_type=instance_type,
            region=host["Region"],
            zone=host["AvailabilityZone"] or None,
            gpu_name=gpus["AcceleratorName"],
            gpu_count=gpus["AcceleratorCount"],
            gpu_memory_mib=memory,
            gpu_texts=(*texts, host["UpstreamCloudId"]),
            vcpus=host["vCPUs"],
            memory_gib=host["MemoryGiB"],
            purchase=purchase,
            usd_per_hour=price,
            gpus_usd=None if gpus is host or price_problem(part) else float(part),
        )


def _gpu_info(text: str, name: str) -> tuple[float | None, tuple[str, ...]]:
    """Memory in MiB that a row gives for a GPU, and the name it is described by."""
    stated = re.search(r"(\d+)GB\b", name)
    memory = float(stated[1]) * 1024 if stated else None
    try:
        gpu: Any = ast.literal_eval(text)["Gpus"][0] if text.startswith("{") else {}
        named = (str(gpu["Name"]),) if "Name" in gpu else ()
        return memory or float(gpu["MemoryInfo"]["SizeInMiB"]), named
    except (ValueError, SyntaxError, LookupError, TypeError):
        return memory, ()


class _GpuKey(NamedTuple):
    zone: str
    accelerator: str
    gpu_count: float


class _GcpRows:
    """Hosts and GPUs of Google's file, put together."""

    def __init__(self, rows: list[Row]) -> None:
        self._machines = machines_of("gcp")
        self._hosts = [row for row in rows if row["InstanceType"]]
        self.bare: Counter[str] = (
            Counter()
        )  # hosts of machines that have GPUs of their own, without these; after the lines
        self._tpus = 0
        self._gpus: dict[_GpuKey, Row] = {}
        self._used: set[_GpuKey] = set()
        self._unread: Counter[str] = Counter()
        by_gpu: dict[str, set[str]] = defaultdict(set)
        for machine in self._machines:
            by_gpu[machine.gpu].add(machine.accelerator)
        for row in rows:
            name = row["AcceleratorName"]
            if row["InstanceType"] or not name:
                continue
            if name.startswith("tpu"):
                self._tpus += 1
                continue
            key = _gpu_key(row, by_gpu)
            if key is None:
                self._unread[name] += 1
            else:
                self._gpus[key] = row

    def lines(self) -> Iterator[Line]:
        """A line for each machine in each zone that has both its host and its GPUs."""
        machines = defaultdict(list)
        for machine in self._machines:
            if not machine.instance_type.startswith(_NO_PUBLIC_PRICE):
                machines[machine.instance_type.partition("+")[0]].append(machine)
        for host in self._hosts:
            for machine in machines.get(host["InstanceType"], ()):
                key = _GpuKey(host["AvailabilityZone"], machine.accelerator, machine.gpu_count)
                found = self._gpus.get(key)
                if found is None:
                    # the zone has the host but not the GPU, as most have for N1 hosts
                    self.bare.update([host["InstanceType"]] if "+" not in machine.instance_type else [])
                    continue
                self._used.add(key)
                on_demand = _sum(host["Price"], found["Price"])
                spot = _sum(host["SpotPrice"], found["SpotPrice"])
                yield from _priced(host, machine.instance_type, found, on_demand, spot)

    def left_over(self) -> Counter[str]:
        """Rows of GPUs that no machine was found for, by name; asked for after the lines."""
        lost = Counter(row["AcceleratorName"] for key, row in self._gpus.items() if key not in self._used)
        return lost + self._unread + Counter({"TPU": self._tpus})


def _left_over_note(left_over: Counter[str]) -> Iterator[str]:
    gpus = sorted(name for name in left_over if name != "TPU")
    if gpus:
        count = sum(left_over[name] for name in gpus)
        yield f"{count:,} rows of GPUs priced apart belong to no machine that is known here: {', '.join(gpus)}"


def _priceless_note(priceless: Counter[str]) -> Iterator[str]:
    gpus = sorted(name for name in priceless if name)
    if gpus:
        count = sum(priceless[name] for name in gpus)
        yield f"{count:,} rows of GPUs give no price, and change nothing: {', '.join(gpus)}"


def _bare_note(bare: Counter[str]) -> Iterator[str]:
    if bare:
        yield f"{bare.total():,} rows of GPU machines have no price of their GPUs in their zone: {', '.join(sorted(bare))}"


def _gpu_key(row: Row, by_gpu: Mapping[str, set[str]]) -> _GpuKey | None:
    """What a GPU's row is found by; `None` if the GPU or its number is not understood."""
    name = row["AcceleratorName"]
    gpus = named_gpus(name)
    accelerators = (
        {_GCP_ACCELERATORS[name]} if name in _GCP_ACCELERATORS else by_gpu.get(gpus[0] if gpus else "", set())
    )
    try:
        count = float(row["AcceleratorCount"])
    except ValueError:
        return None
    if len(accelerators) != 1 or (name not in _GCP_ACCELERATORS and len(gpus) != 1):
        return None
    return _GpuKey(row["AvailabilityZone"], next(iter(accelerators)), count)


def _sum(host: str, gpus: str) -> str:
    """Price of host and GPUs together, as text; empty if one of the two is not offered."""
    if not host or not gpus:
        return ""
    if price_problem(host) or price_problem(gpus):
        return f"{host} + {gpus}"  # no number: will be held back, with both parts shown
    # ten digits: the catalogue rounds to five decimals, the sum must not show more than binary noise less
    return f"{float(host) + float(gpus):.10g}"
