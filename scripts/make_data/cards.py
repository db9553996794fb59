"""`cards.csv`: what buyers paid or were asked for GPUs, by condition and date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.make_data.tables import COMPILED_ON, cells, read_table, write_table

CARD_COLUMNS = ("gpu", "condition", "form", "usd", "usd_low", "usd_high", "as_of", "source", "note")

# Rows that are no purchase price: list prices at launch are in gpus.csv, the others do not say what they are.
NOT_A_PRICE = ("launch price:", "lambdal/deeplearning-benchmark", "founding text")

BOARDS = {"k80", "m60", "a16"}  # sold with two, two and four GPUs on them
SYSTEM_SHARES = {"gb200-192gb", "gb300-288gb"}  # the price of a rack divided by its GPUs
MODULES = {
    "a100-40gb-sxm", "a100-80gb-sxm", "h100-80gb-sxm", "h200-141gb-sxm", "b200-180gb-sxm", "mi250x", "mi300x",
}  # fmt: skip
NOT_SOLD = {
    "a10g": ("made for AWS, in g5 instances only", "AWS EC2 G5 product page"),
    "radeon-pro-v520": ("made for AWS, in g4ad instances only", "AWS EC2 G4ad product page"),
    "t4g": ("made for AWS, in g5g instances only", "AWS EC2 G5g product page"),
}

_RANGE = re.compile(
    r"(?:range|reported|midpoint of|cards|claimed|market) ?([\d,]+)-([\d,]+)|^([\d,]+)-([\d,]+) claimed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """One price as `cards.csv` holds it; `usd` is empty only where the GPU is not sold at all."""

    gpu: str
    condition: str
    form: str
    usd: float | None
    usd_low: float | None
    usd_high: float | None
    as_of: str
    source: str
    note: str


def write_cards(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write `cards.csv`."""
    return [write_table(out / "cards.csv", CARD_COLUMNS, (cells(row, CARD_COLUMNS) for row in cards(reference)))]


def cards(reference: Path) -> list[CardRow]:
    """Every usable price, sorted by GPU, condition, date and source; then what is not sold."""
    rows = [
        _card(row)
        for row in read_table(reference / "gpus" / "card-prices.csv")
        if not row["source"].startswith(NOT_A_PRICE) and "system price divided by 8" not in row["note"]
    ]
    rows += [_not_sold(gpu, note, source) for gpu, (note, source) in NOT_SOLD.items()]
    return sorted(rows, key=lambda row: (row.gpu, row.condition, row.as_of, row.source))


def _not_sold(gpu: str, note: str, source: str) -> CardRow:
    return CardRow(
        gpu=gpu,
        condition="",
        form="not_sold",
        usd=None,
        usd_low=None,
        usd_high=None,
        as_of=COMPILED_ON,
        source=source,
        note=note,
    )


def _card(row: dict[str, str]) -> CardRow:
    low, high = _range(row["note"])
    return CardRow(
        gpu=row["gpu"],
        condition=row["condition"],
        form=_form(row["gpu"]),
        usd=float(row["usd"]),
        usd_low=low,
        usd_high=high,
        as_of=row["as_of"].split("-2026")[0] if row["as_of"] == "2025-2026" else row["as_of"],
        source=row["source"],
        note=row["note"],
    )


def _form(gpu: str) -> str:
    if gpu in BOARDS:
        return "board"
    if gpu in SYSTEM_SHARES:
        return "system_share"
    return "module" if gpu in MODULES else "card"


def _range(note: str) -> tuple[float | None, float | None]:
    found = _RANGE.search(note)
    if found is None:
        return None, None
    low, high = (group for group in found.groups() if group is not None)
    return float(low.replace(",", "")), float(high.replace(",", ""))
