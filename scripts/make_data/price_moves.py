"""`price_moves.csv`: how far prices moved that were read twice outside of the price books, in figures per age."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from scripts.make_data.tables import read_table, write_table

COLUMNS = (
    "provider", "price_class", "age_days", "first_day", "last_day", "pairs", "share_unchanged", "q05_ln", "q50_ln",
    "q95_ln", "source", "as_of", "note",
)  # fmt: skip
COLLECTED_ON = "2026-11-25"
# Lists without raw copies among the books. The others of the folder repeat the books, or mix RunPod's two clouds.
_CYCLENERD = "Cyclenerd/"
_SMALL = ("akamai", "datacrunch", "digitalocean", "scaleway", "vultr")


def write_price_moves(reference: Path, out: Path) -> list[tuple[Path, int]]:
    """Write the table, sorted by provider, class and age."""
    rows = []
    for row in read_table(reference / "prices" / "drift.csv"):
        price_class = _price_class(row["provider"], row["purchase"], row["source"])
        if price_class is None:
            continue
        # the range of ages may lie round the one named; the window of the last price ends with the longest
        longest = int(row["age_range"].split("-")[1])
        last = date.fromisoformat(row["last_base"]) + timedelta(days=longest)
        figures = (row[name] for name in ("n", "share_unchanged", "q05_ln", "q50_ln", "q95_ln", "source"))
        days = (row["age_days"], row["first_base"], last.isoformat())
        rows.append([row["provider"], price_class, *days, *figures, COLLECTED_ON, row["note"]])
    rows.sort(key=lambda row: (row[0], row[1], int(row[2])))
    return [write_table(out / "price_moves.csv", COLUMNS, rows)]


def _price_class(provider: str, purchase: str, source: str) -> str | None:
    if source.startswith(_CYCLENERD) and purchase in ("on_demand", "spot"):
        return "spot" if purchase == "spot" else "list_large"
    return "list_small" if provider in _SMALL and purchase == "cheapest" else None
