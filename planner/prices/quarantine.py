"""The quarantine file of a book: rows that were not believed, with the reason, for people to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from planner.model.records import HeldBack

COLUMNS = (
    "provider",
    "instance_type",
    "region",
    "zone",
    "gpu",
    "gpu_count",
    "purchase",
    "usd_per_hour",
    "observed_on",
    "source",
    "reason",
)


def held_back_path(book: Path) -> Path:
    """The path of the quarantine file of a book: `2026-06-15.held-back.csv` beside `2026-06-15.csv`."""
    return book.with_name(f"{book.stem}.held-back.csv")


def held_back_csv(provider: str, observed_on: date, rows: Iterable[HeldBack]) -> str:
    """The rows as the text of a quarantine file, sorted; cells are as the provider wrote them."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(_cells(provider, observed_on, row) for row in rows))
    return file.getvalue()


def _cells(provider: str, observed_on: date, row: HeldBack) -> tuple[str, ...]:
    return (
        provider,
        row.instance_type,
        row.region,
        row.zone or "",
        row.gpu or "",
        row.gpu_count or "",
        row.purchase or "",
        row.usd_per_hour or "",
        observed_on.isoformat(),
        row.source,
        row.reason,
    )
