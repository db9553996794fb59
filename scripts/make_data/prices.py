"""`prices/<provider>/<date>.csv` with sidecars, `prices/set-aside.csv` and `spot_interruptions.csv`.

A book holds what was known on its day: the newest price of every key (provider, instance type, region, zone, purchase)
collected up to then, each row with its own date, less the rows that `price_rules` speaks against. Hand-kept tables
beside this module add what no price list states: network speed, where a source lives and under which licence, and
instance types without a price.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from planner.prices.snapshots import COLUMNS_BY_SCHEMA, LEVEL_COLUMNS, LEVELS_SCHEMA, SCHEMA, write_durably
from scripts.make_data.price_levels import (
    FILLED_SINCE,
    LEVEL_DAYS,
    ONE_PRICE_EVERYWHERE,
    in_every_region,
    market_levels,
    redated,
    secure_pods,
)
from scripts.make_data.price_rules import RETIREMENTS, PriceRow, reason_against
from scripts.make_data.tables import read_table, write_table

BOOKS = {
    "aws": ("2023-08-06", "2025-06-03", "2026-01-21", "2026-06-15", "2026-10-10"),
    "azure": ("2020-08-30", "2026-03-21", "2026-05-20", "2026-06-15", "2026-10-10"),
    "coreweave": ("2026-10-10",),
    "crusoe": ("2026-10-10",),
    "gcp": ("2025-02-03", "2026-04-02", "2026-05-20", "2026-06-15", "2026-07-30", "2026-10-10"),
    "hyperstack": ("2026-10-10",),
    "lambda": ("2026-04-02", "2026-05-20", "2026-10-10"),
    "nebius": ("2026-10-10",),
    "oci": ("2026-03-21", "2026-10-10"),
    "runpod": ("2025-04-28", "2026-06-15", "2026-10-10"),
    "vast": ("2026-05-20", "2026-07-23", "2026-10-10"),
    "vultr": ("2026-03-22",),
}
# Reference files whose terms are savings plans, although their column says reserved.
SAVINGS_PLANS = {("azure", "2026-06-15"): "savings-plans-azure-2026-06-15"}
LEVELS = [("vast", day) for day in LEVEL_DAYS]
EXCLUDES = {
    "gcp": (
        ("a2-ultragpu-*", "375 GB per GPU, about 0.04 USD/h per GPU in us-central1"),
        ("a3-edgegpu-*", "6000 GB, about 0.66 USD/h in us-central1"),
        ("a3-highgpu-*", "750 GB per GPU, about 0.66 USD/h on a3-highgpu-8g in us-central1"),
        ("a3-megagpu-*", "6000 GB, about 0.66 USD/h in us-central1"),
        ("a3-ultragpu-*", "12000 GB, about 1.32 USD/h in us-central1"),
    )
}
# Sources from this day on count the local SSD in.
SSD_INCLUDED_SINCE = "2026-07-30"
SET_ASIDE_COLUMNS = (
    "provider", "instance_type", "region", "zone", "gpu", "gpu_count", "purchase", "usd_per_hour", "observed_on",
    "source", "reason",
)  # fmt: skip
INTERRUPTION_COLUMNS = (
    "instance_type", "region", "interruption_low_fraction", "interruption_high_fraction", "savings_fraction",
    "observed_on", "source",
)  # fmt: skip
_HERE = Path(__file__).resolve().parent
_PURCHASE_WORDS = {"on_demand": "on demand", "reserved_1y": "reserved 1 year", "reserved_3y": "reserved 3 years"}

Book = dict[tuple[str, ...], PriceRow]
SetAside = dict[tuple[str, ...], tuple[PriceRow, str]]


def write_price_books(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write every book, its sidecar, and the list of rows set aside.

    Args:
        reference: the folder of collected figures; its `prices/` is read.
        out: the data folder; `prices/` in it is written.

    Returns:
        Each CSV written and its number of rows.
    """
    written = []
    all_set_aside: SetAside = {}
    for provider, days in BOOKS.items():
        for day, book, set_aside in _books(reference / "prices", provider, days):
            all_set_aside |= set_aside
            written.append(_write_book(out, provider, day, book, set_aside))
    rows = sorted(
        [getattr(row, column) for column in SET_ASIDE_COLUMNS[:-1]] + [reason] for row, reason in all_set_aside.values()
    )
    written.append(write_table(out / "prices" / "set-aside.csv", SET_ASIDE_COLUMNS, rows))
    return written


def write_spot_interruptions(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `spot_interruptions.csv`: chance of interruption within a month and savings, by type and region."""
    rows = sorted(
        (
            row["instance_type"],
            row["region"],
            _fraction(row["interruption_band_low_pct"]),
            _fraction(row["interruption_band_high_pct"]),
            _fraction(row["savings_pct"]),
            row["as_of"],
            row["source"],
        )
        for row in read_table(reference / "prices" / "spot-interruptions-aws.csv")
    )
    return [write_table(out / "spot_interruptions.csv", INTERRUPTION_COLUMNS, rows)]


def _books(folder: Path, provider: str, days: Sequence[str]) -> Iterable[tuple[str, Book, SetAside]]:
    """Day, book and rows set aside of each book, oldest first."""
    collected = {day: _collected(folder, provider, day) for day in days}
    sizes = _host_sizes(row for rows in collected.values() for row in rows)
    known: Book = {}
    for day in days:
        if (provider, day) in LEVELS:
            known = {key: redated(row) for key, row in known.items()}
        rows = collected[day]
        if provider in ONE_PRICE_EVERYWHERE:
            rows = in_every_region(rows, known.values())
        known |= {row.key: _with_host_size(row, sizes) for row in rows}
        if provider == "runpod" and day >= FILLED_SINCE:
            known |= {row.key: row for row in secure_pods(known.values())}
        book, set_aside = {}, {}
        for key, row in known.items():
            reason = reason_against(row, date.fromisoformat(day), known)
            if reason is None:
                book[key] = row
            else:
                set_aside[key] = (row, reason)
        yield day, book, set_aside


def _collected(folder: Path, provider: str, day: str) -> list[PriceRow]:
    if (provider, day) in LEVELS:
        return market_levels(folder, day)
    rows = [_price_row(row) for row in read_table(folder / f"{provider}-{day}.csv")]
    if (provider, day) in SAVINGS_PLANS:
        plans = [_price_row(row) for row in read_table(folder / f"{SAVINGS_PLANS[provider, day]}.csv")]
        rows += [replace(row, purchase=row.purchase.replace("reserved_", "savings_")) for row in plans]
    keys = [row.key for row in rows]
    if len(set(keys)) < len(keys):
        raise ValueError(f"{provider}-{day}: two prices for {sorted(key for key in keys if keys.count(key) > 1)[0]}")
    return rows


def _price_row(row: Mapping[str, str]) -> PriceRow:
    # A rate taken over from an older list is as old as that list, whatever the file around it.
    taken_over = re.search(r"at the rate of \S+@(\d{4}-\d\d-\d\d)$", row["source"])
    return PriceRow(
        provider=row["provider"],
        instance_type=row["instance_type"],
        region=row["region"],
        zone=row["zone"],
        gpu=row["gpu"],
        gpu_count=row["gpu_count"],
        purchase=row["purchase"],
        usd_per_hour=row["usd_per_hour"],
        vcpus=row["vcpus"],
        memory_gib=row["memory_gib"],
        observed_on=taken_over[1] if taken_over else row["as_of"],
        source=row["source"],
    )


def _host_sizes(rows: Iterable[PriceRow]) -> dict[str, tuple[str, str]]:
    """Host size (vCPUs, memory) by instance type, where the sources that state them agree."""
    vcpus, memory = defaultdict(set), defaultdict(set)
    for row in rows:
        vcpus[row.instance_type].add(row.vcpus)
        memory[row.instance_type].add(row.memory_gib)
    return {name: (_only(vcpus[name]), _only(memory[name])) for name in vcpus}


def _only(values: set[str]) -> str:
    stated = values - {""}
    return stated.pop() if len(stated) == 1 else ""


def _with_host_size(row: PriceRow, sizes: Mapping[str, tuple[str, str]]) -> PriceRow:
    vcpus, memory_gib = sizes[row.instance_type]
    return replace(row, vcpus=row.vcpus or vcpus, memory_gib=row.memory_gib or memory_gib)


def _write_book(out: Path, provider: str, day: str, book: Book, set_aside: SetAside) -> tuple[Path, int]:
    network = {
        row["instance_type"]: row["network_gbps"]
        for row in read_table(_HERE / "network.csv")
        if row["provider"] == provider
    }
    rows = sorted(book.values(), key=_sort_key)
    path = out / "prices" / provider / f"{day}.csv"
    cells = ({**asdict(row), "network_gbps": network.get(row.instance_type, "")} for row in rows)
    columns = _columns(rows)
    body = _csv_bytes(columns, cells)
    sidecar = {
        "schema": next(schema for schema, known in COLUMNS_BY_SCHEMA.items() if known == columns),
        "provider": provider,
        "observed_at": day,
        "rows": len(rows),
        "sha256": hashlib.sha256(body).hexdigest(),
        "sources": _sources(rows),
        "unpriced": _unpriced(provider, day, book, set_aside),
        "excludes": _excludes(provider, day, rows),
        "retired": _retired(provider, day, rows),
        "made_by": "scripts/make_data/prices.py",
    }
    text = json.dumps(sidecar, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_durably(path, body)
    write_durably(path.with_suffix(".json"), text.encode())
    return path, len(rows)


def _columns(rows: Iterable[PriceRow]) -> tuple[str, ...]:
    """Columns of the book: those of levels only if a row is one."""
    is_of_levels = any(getattr(row, name) for row in rows for name in LEVEL_COLUMNS)
    return COLUMNS_BY_SCHEMA[LEVELS_SCHEMA if is_of_levels else SCHEMA]


def _sort_key(row: PriceRow) -> tuple[str, float, str, str, str, str]:
    return (row.gpu, float(row.gpu_count), row.instance_type, row.region, row.zone, row.purchase)


def _sources(rows: Iterable[PriceRow]) -> list[dict[str, str]]:
    """One entry per source text and date in the book, with address and licence from `price_sources.csv`."""
    places = read_table(_HERE / "price_sources.csv")
    entries = []
    for source, observed_on in sorted({(row.source, row.observed_on) for row in rows}):
        place = next(place for place in places if source.startswith(place["prefix"]))
        columns = ("address", "licence", "note")
        entries.append({"name": source, "observed_on": observed_on, **{name: place[name] for name in columns}})
    return entries


def _unpriced(provider: str, day: str, book: Book, set_aside: SetAside) -> list[dict[str, Any]]:
    """Types that cannot be bought at a price of this book in some way, and which way: by rule, and by hand."""
    sold = {(row.instance_type, row.purchase) for row in book.values()}
    types = {instance_type for instance_type, _ in sold}
    purchases: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for row, reason in set_aside.values():
        if (row.instance_type, row.purchase) not in sold:
            purchases[row.instance_type, row.gpu, row.gpu_count, reason].add(row.purchase)
    entries = [
        (instance_type, gpu, gpu_count, f"{_in_words(names)}: {reason}")
        for (instance_type, gpu, gpu_count, reason), names in purchases.items()
    ]
    entries += [
        (row["instance_type"], row["gpu"], row["gpu_count"], row["reason"])
        for row in read_table(_HERE / "unpriced.csv")
        if row["provider"] == provider
        and row["first_listed"] <= day
        # "every purchase" was true of the lists of its day only
        and not (row["reason"].startswith("every purchase") and row["instance_type"] in types)
    ]
    return [
        {"instance_type": instance_type, "gpu": gpu, "gpu_count": _json_number(gpu_count), "reason": reason}
        for instance_type, gpu, gpu_count, reason in sorted(set(entries))
    ]


def _in_words(purchases: Iterable[str]) -> str:
    return ", ".join(_PURCHASE_WORDS.get(purchase, purchase) for purchase in sorted(purchases))


def _excludes(provider: str, day: str, rows: Iterable[PriceRow]) -> list[dict[str, str]]:
    prefixes = {row.instance_type.rsplit("-", 1)[0] + "-*" for row in rows if row.observed_on < SSD_INCLUDED_SINCE}
    limit = {"observed_before": SSD_INCLUDED_SINCE} if day >= SSD_INCLUDED_SINCE else {}
    return [
        {"instance_types": pattern, "what": "bundled local SSD", "usd_per_hour_note": note, **limit}
        for pattern, note in EXCLUDES.get(provider, ())
        if pattern in prefixes
    ]


def _retired(provider: str, day: str, rows: Iterable[PriceRow]) -> list[dict[str, str]]:
    """Types of the book that their provider has retired, or announced to retire, although a source prices them."""
    if day < "2021":  # no retirement of a GPU family was announced before
        return []
    types = {row.instance_type for row in rows}
    return [
        {"instance_type": name, "retired_on": retirement.retired_on.isoformat(), "address": retirement.address}
        for retirement in RETIREMENTS
        for name in retirement.instance_types
        if retirement.provider == provider and name in types
    ]


def _fraction(percent: str) -> str:
    return f"{int(percent) / 100:g}"


def _json_number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return file.getvalue().encode()
