"""Unit constants and conversions; everything else computes in seconds, watts, USD, GiB and samples."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

Row = dict[str, Any]
"""One record of a listing or a JSON document."""

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
HOURS_PER_MONTH = 730  # 365 days / 12 months, the month every cloud price list uses
HOURS_PER_YEAR = 8760
MONTHS_PER_YEAR = 12
DAYS_PER_YEAR = 365
WATTS_PER_KILOWATT = 1000
MIB_PER_GIB = 1024


def hours(seconds: float) -> float:
    """Hours in `seconds`."""
    return seconds / SECONDS_PER_HOUR


def epochs_text(epochs: float, name: str = "epoch") -> str:
    """`1 epoch`, `90 epochs`, `0.5 epochs`; of boosted trees they are rounds."""
    return f"1 {name}" if epochs == 1 else f"{epochs:g} {name}s"


def kwh(watts: float, seconds: float) -> float:
    """Energy of a load of `watts` over `seconds`, in kWh."""
    return watts / WATTS_PER_KILOWATT * hours(seconds)


def current_day() -> date:
    """The day in UTC: price books are dated so, and an age counted in local days could be -1."""
    return datetime.now(UTC).date()
