"""Read collected tables and write shipped ones: sorted CSV, `\\n`, empty for unknown."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

COMPILED_ON = "2026-11-20"  # the day the figures were collected, where a row has no date of its own


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, every cell as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[Path, int]:
    """Write a CSV file; the file and its number of rows."""
    written = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(written)
    return path, len(written)


def cells(record: object, columns: Sequence[str]) -> list[str]:
    """The attributes of a record as the cells of a row."""
    return [cell(getattr(record, column)) for column in columns]


def cell(value: object) -> str:
    """The text of a value: empty for `None`, yes or no, names joined by spaces, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def number(text: str) -> float | None:
    """A number, or `None` for an empty cell."""
    return float(text) if text else None


def whole(text: str) -> int | None:
    """A whole number, rounded, or `None` for an empty cell."""
    return round(float(text)) if text else None
