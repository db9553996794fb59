"""gpuhunt catalogues: one CSV per provider, in a zip with all or one of them (https://github.com/dstackai/gpuhunt).

Three layouts are read: `catalog.zip` of all providers with a file `version` in it; the same with more columns (`flags`,
`provider_data`); and `<provider>/<version>/catalog.zip` with one CSV, beside which `<provider>/version` names the newest.

Prices are of the whole instance. `location` is a region, on GCP a zone. GPUs attached to GCP's N1 hosts share the
host's name; the GPU is added to it here, so that each offer has a name of its own. Rows that are flagged as sold by
reservation or in a cluster only are neither on demand nor spot.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from planner.model.records import Purchase
from planner.outside.documents import text_of
from planner.outside.files import bytes_of
from planner.prices.delivery import Delivery, Reach
from planner.prices.foreign import NAMELESS_GPU, NO_GPUS, CatalogueReader, Line, Terms, table_rows
from planner.prices.registry import machines_of, parsed_prices

GPUHUNT_COLUMNS = frozenset({"instance_name", "location", "price", "gpu_count", "gpu_name", "gpu_memory", "spot"})

Row = dict[str, str]

_PROVIDERS = {"lambdalabs": "lambda", "vastai": "vast"}
_MIB_PER_GB = 1024  # gpuhunt counts GPU memory in GB and means GiB
_VERSION = re.compile(r"(\d{8})(?:-\d+)?")
_OTHER_SALE = re.compile(r"dws|calendar|cluster|reserv|commit", re.IGNORECASE)


def gpuhunt_delivery(path: Path, terms: Terms) -> Delivery:
    """The GPU offers of one provider's CSV."""
    provider = gpuhunt_provider(path)
    reader = CatalogueReader(provider, terms, f"gpuhunt catalogue {path.name}")
    rows = _rows(path)
    reader.add_all(_line(row, is_gcp=provider == "gcp") for row in rows if row["gpu_name"] and not _is_tpu(row))
    reader.unknown_gpus.update("TPU" for row in rows if _is_tpu(row))
    reader.unknown_gpus.update(NAMELESS_GPU for row in rows if not row["gpu_name"])
    return Delivery(
        provider=provider,
        observed_at=terms.observed_at,
        parsed=parsed_prices(
            reader.offers(), held_back=reader.held_back, unknown_gpus=sorted(reader.unknown_gpus.items())
        ),
        purchases=(Purchase.ON_DEMAND, Purchase.SPOT),
        reach=Reach.LISTED_ONLY,
        notes=reader.notes(),
        paths=(path,),
        sources=(
            {
                "name": "gpuhunt catalogue",
                "observed_on": reader.day,
                "address": "https://github.com/dstackai/gpuhunt",
                "note": path.name,
            },
        ),
    )


def gpuhunt_provider(path: Path) -> str:
    """The provider whose prices a catalogue file holds."""
    return _PROVIDERS.get(path.stem.lower(), path.stem.lower())


def gpuhunt_date(path: Path) -> datetime | None:
    """The day a catalogue was made, from the name of its folder or the file `version` beside or above it.

    Both are written as 20240508 or 20240508-1; `None` without one.
    """
    for folder in (path.parent, path.parent.parent):
        for text in (folder.name, _first_line(folder / "version")):
            found = _VERSION.fullmatch(text)
            if found is None:
                continue
            try:
                return datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC)
            except ValueError:
                continue
    return None


def _first_line(path: Path) -> str:
    try:
        return text_of(bytes_of(path)).strip()
    except (OSError, ValueError):
        return ""


def _rows(path: Path) -> list[Row]:
    """Rows with accelerators; a short row lacks cells, older layouts lack columns."""
    names = (*GPUHUNT_COLUMNS, "cpu", "memory", "gpu_vendor", "flags", "provider_data")
    rows = [{name: row.get(name, "").strip() for name in names} for row in table_rows(path)]
    return [row for row in rows if row["gpu_count"] not in NO_GPUS]


def _is_tpu(row: Row) -> bool:
    return row["gpu_vendor"].lower() == "google" or row["gpu_name"].startswith("tpu")


def _line(row: Row, *, is_gcp: bool) -> Line:
    name, region, zone = row["instance_name"], row["location"], None
    doubt = _other_sale(row)
    if is_gcp and name.startswith("n1-"):
        accelerator = f"nvidia-tesla-{row['gpu_name'].lower()}"
        name = f"{name}+{row['gpu_count']}x-{accelerator}"
        if accelerator not in _google_accelerators():
            doubt = doubt or f"Google attaches no {row['gpu_name']} to its machines: its GPUs are T4, P4, P100 and V100"
    # zones end in -a, those for machine learning alone in -ai1a
    in_zone = re.fullmatch(r"([a-z]+-[a-z]+\d+)-\w+", region) if is_gcp else None
    if in_zone:
        region, zone = in_zone[1], region
    return Line(
        instance_type=name,
        region=region,
        zone=zone,
        gpu_name=row["gpu_name"],
        gpu_count=row["gpu_count"],
        gpu_memory_mib=_gigabytes(row["gpu_memory"]),
        vcpus=row["cpu"],
        memory_gib=row["memory"],
        purchase=Purchase.SPOT if row["spot"].lower() == "true" else Purchase.ON_DEMAND,
        usd_per_hour=row["price"],
        doubt=doubt,
    )


@cache
def _google_accelerators() -> frozenset[str]:
    return frozenset(machine.accelerator for machine in machines_of("gcp"))


def _gigabytes(text: str) -> float | None:
    found = re.match(r"\d+(?:\.\d+)?", text)
    return float(found[0]) * _MIB_PER_GB if found else None


def _other_sale(row: Row) -> str | None:
    """The reason why a row is no offer of one machine at once, from its flags and its provider's own data."""
    try:
        data = json.loads(row["provider_data"] or "{}")
    except ValueError:
        data = {}
    said = [*row["flags"].split(), *(name for name, value in data.items() if value)] if isinstance(data, dict) else []
    marks = [mark for mark in said if _OTHER_SALE.search(mark)]
    if not marks:
        return None
    return f"neither on demand nor spot: the catalogue marks it {', '.join(marks)}"
