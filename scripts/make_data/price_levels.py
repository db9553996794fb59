"""What sources say once and books say of many rows: one price everywhere, a price per GPU, a level of a marketplace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from scripts.make_data.price_rules import ANYWHERE, PriceRow
from scripts.make_data.tables import read_table

ONE_PRICE_EVERYWHERE = ("lambda",)
SECURE_COUNTS = (2, 4, 8)
"""Pods that RunPod's Secure Cloud lists beside those of one GPU, each at the price per GPU (its list of 2025-04-28)."""
FILLED_SINCE = "2026-10-10"
"""Earlier books were made without the pods of several GPUs, and books do not change."""

LEVEL_DAYS = {"2026-07-23": ("2026-07-23",), "2026-10-10": ("2026-10-01", "2026-10-10")}
"""Books of levels and the days of the lists they are made of."""
FROZEN_SOURCE = "anycloud-sh/catalog@2026-05-20"
FROZEN_ON = "2026-04-29"
"""The Vast list of the catalogue of 2026-05-20 is byte for byte that of 2026-04-29, or older."""
_HERE = Path(__file__).resolve().parent


def in_every_region(rows: Iterable[PriceRow], known: Iterable[PriceRow]) -> list[PriceRow]:
    """The rows, those without a region once for each region in which the type and purchase are known.

    For a provider with one price everywhere, so that a newer price ends the older ones of every region.
    """
    regions: dict[tuple[str, str], set[str]] = {}
    for row in known:
        regions.setdefault((row.instance_type, row.purchase), set()).add(row.region)
    return [
        replace(row, region=region)
        for row in rows
        for region in sorted(regions.get((row.instance_type, row.purchase), {row.region}))
    ]


def secure_pods(known: Iterable[PriceRow]) -> list[PriceRow]:
    """Pods of several GPUs of RunPod's Secure Cloud at the world-wide price of one GPU, with the day of that price."""
    return [
        replace(
            row,
            instance_type=f"{count}{row.instance_type.removeprefix('1')}",
            gpu_count=str(count),
            usd_per_hour=f"{count * float(row.usd_per_hour):.10g}",
            source=f"{row.source} price of one GPU times {count}",
        )
        for row in known
        if row.region == ANYWHERE and row.instance_type.startswith("1x_") and row.instance_type.endswith("_SECURE")
        for count in SECURE_COUNTS
    ]


def market_levels(folder: Path, book: str) -> list[PriceRow]:
    """Levels of Vast for the book of a day: the median of the offers of a GPU if it is known, else the cheapest.

    Sources state neither the place nor the number of GPUs of the machines: a level is of one GPU, anywhere.
    """
    names = read_table(_HERE / "level_gpus.csv")
    by_name = {name: row for row in names for name in (row["name"], row["median_name"]) if name}
    cheapest: dict[str, Mapping[str, str]] = {}
    median: dict[str, Mapping[str, str]] = {}
    gpus: dict[str, str] = {}
    for level in read_table(folder / "market-levels.csv"):
        known = by_name.get(level["gpu_name_as_listed"])
        if level["provider"] == "vast" and level["as_of"] in LEVEL_DAYS[book] and known is not None:
            (median if level["offers"] else cheapest)[known["vast_name"]] = level
            gpus[known["vast_name"]] = known["gpu"]
    return [_level(name, gpus[name], cheapest.get(name), median.get(name)) for name in sorted(gpus)]


def redated(row: PriceRow) -> PriceRow:
    """The row with the true day of its list, where that list turned out to be a frozen copy."""
    if row.provider != "vast" or row.source != FROZEN_SOURCE:
        return row
    return replace(row, observed_on=FROZEN_ON, source=f"{row.source}, a copy of {FROZEN_ON} or older")


def _level(name: str, gpu: str, cheapest: Mapping[str, str] | None, median: Mapping[str, str] | None) -> PriceRow:
    stated = next(level for level in (median, cheapest) if level)
    # lists of different days: a cheapest offer above the median of a later day says nothing
    low = cheapest if cheapest and float(cheapest["usd_per_gpu_hour"]) <= float(stated["usd_per_gpu_hour"]) else None
    source = f"{stated['source']} {'median of offers' if median else 'cheapest listed'}"
    return PriceRow(
        provider="vast",
        instance_type=f"1x_{name}",
        region=ANYWHERE,
        zone="",
        gpu=gpu,
        gpu_count="1",
        purchase="on_demand",
        usd_per_hour=stated["usd_per_gpu_hour"],
        vcpus="",
        memory_gib="",
        observed_on=stated["as_of"],
        source=f"{source}; {low['source']} cheapest listed" if median and low else source,
        usd_per_hour_cheapest=low["usd_per_gpu_hour"] if low else "",
        offers_count=stated["offers"],
    )
