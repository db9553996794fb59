"""Catalogues as SkyPilot and gpuhunt write them, and how they are taken in."""

import csv

from planner.paths import shipped_data_dir
from planner.prices.books import book_offers
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import list_snapshots, read_snapshot

SKYPILOT = (
    "InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "GpuInfo", "Price", "SpotPrice",
    "Region", "AvailabilityZone",
)  # fmt: skip
GPUHUNT = (
    "instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "gpu_memory", "spot", "disk_size",
    "gpu_vendor", "flags", "cpu_arch", "provider_data",
)  # fmt: skip


def a_table(path, columns, *rows):
    """Write rows, each a dict of some columns; the others are empty. Returns the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path.parent


def sky_row(instance_type, gpu, count, price, spot="", *, region="here-1", zone="", mib=None, **more):
    """One row of a SkyPilot catalogue."""
    info = f"{{'Gpus': [{{'MemoryInfo': {{'SizeInMiB': {mib}}}}}]}}" if mib else ""
    row = (instance_type, gpu, count, 8, 64, info, price, spot, region, zone)
    return {**dict(zip(SKYPILOT, row, strict=True)), **more}


def gcp_rows(host, gpu, count, prices, gpu_prices, *, region="us-central1"):
    """The row of a host of Google and the row of its GPUs; prices are (on demand, spot)."""
    zone = f"{region}-a"
    return [
        sky_row(host, "", "", *prices, region=region, zone=zone),
        sky_row("", gpu, count, *gpu_prices, region=region, zone=zone, vCPUs="", MemoryGiB=""),
    ]


def hunt_row(name, gpu, count, price, *, memory=80.0, spot=False, location="here-1", **more):
    """One row of a gpuhunt catalogue in its newest layout."""
    row = (name, location, price, 8, 64.0, count, gpu, memory, spot, "", "nvidia", "", "x86", "{}")
    return {**dict(zip(GPUHUNT, row, strict=True)), **more}


def brought(path, data_dir, **order):
    """The only outcome of `refresh --from path`."""
    (outcome,) = refresh(RefreshOrder(data_dir=data_dir, path=path, **order), lambda *_: None)
    return outcome


def rows_of(outcome):
    """Offers of the new book by type, region, zone and purchase."""
    return by_place(book_offers(read_snapshot(outcome.path)))


def newest_shipped(provider):
    """Offers of the newest shipped book by type, region, zone and purchase."""
    path = max(path for path in list_snapshots(shipped_data_dir()) if path.parent.name == provider)
    return by_place(book_offers(read_snapshot(path)))


def by_place(offers):
    """Offers by what tells them apart."""
    return {(offer.instance_type, offer.region, offer.zone, str(offer.purchase)): offer for offer in offers}
