"""gpuhunt catalogues: one CSV per provider and a file `version`, usually in one zip (https://github.com/dstackai/gpuhunt).

Prices are of the whole instance. `location` is a region, on GCP a zone. GPUs attached to GCP's N1 hosts share the
host's name; the GPU is added to it here, so that each offer has a name of its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from planner.model.records import Purchase
from planner.prices.delivery import Delivery, Reach
from planner.prices.foreign import CatalogueReader, Line
from planner.prices.registry import parsed_prices

GPUHUNT_COLUMNS = frozenset({"instance_name", "location", "price", "gpu_count", "gpu_name", "gpu_memory", "spot"})

_PROVIDERS = {"lambdalabs": "lambda", "vastai": "vast"}
_MIB_PER_GB = 1024  # gpuhunt counts GPU memory in GB and means GiB


def gpuhunt_delivery(path: Path, data_dir: Path, observed_at: datetime) -> Delivery:
    """The GPU offers of one provider's CSV."""
    provider = gpuhunt_provider(path)
    reader = CatalogueReader(provider, data_dir, observed_at, f"gpuhunt catalogue {path.name}")
    for line in _lines(path, is_gcp=provider == "gcp"):
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
                "name": "gpuhunt catalogue",
                "observed_on": observed_at.date(),
                "address": "https://github.com/dstackai/gpuhunt",
                "note": path.name,
            },
        ),
    )


def gpuhunt_provider(path: Path) -> str:
    """The provider whose prices a catalogue file holds."""
    return _PROVIDERS.get(path.stem.lower(), path.stem.lower())


def gpuhunt_date(path: Path) -> datetime | None:
    """The day a catalogue was made, from the file `version` beside it (20240508 or 20240508-1); `None` without one."""
    try:
        text = path.with_name("version").read_text(encoding="utf-8").strip()
        return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC)
    except (OSError, ValueError):
        return None


def _lines(path: Path, *, is_gcp: bool) -> Iterator[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["gpu_name"] or row["gpu_count"] in ("", "0"):
                continue
            name, location = row["instance_name"], row["location"]
            if is_gcp and name.startswith("n1-"):
                name = f"{name}+{row['gpu_count']}x-nvidia-tesla-{row['gpu_name'].lower()}"
            is_zone = is_gcp and re.fullmatch(r".+-[a-z]", location) is not None
            yield Line(
                instance_type=name,
                region=location[:-2] if is_zone else location,
                zone=location if is_zone else None,
                gpu_name=row["gpu_name"],
                gpu_count=row["gpu_count"],
                gpu_memory_mib=float(row["gpu_memory"]) * _MIB_PER_GB if row["gpu_memory"] else None,
                vcpus=row.get("cpu", ""),
                memory_gib=row.get("memory", ""),
                purchase=Purchase.SPOT if row["spot"].lower() == "true" else Purchase.ON_DEMAND,
                usd_per_hour=row["price"],
            )
