"""USD in another currency, at a dated rate. Everything computes in USD; only what is shown is converted."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from planner.errors import UnknownNameError
from planner.paths import shipped_data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and how many of its units a USD buys."""

    code: str
    per_usd: float
    as_of: str
    source: str


def currency(code: str) -> Currency:
    """The currency of that ISO code, in any case; cross rates go by way of the euro.

    Raises:
        UnknownNameError: no rate of it ships.

    >>> round(currency("eur").per_usd, 4)
    0.8573
    """
    with (shipped_data_dir() / "currency.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["currency"]: row for row in csv.DictReader(file)}
    if code.upper() not in rows:
        raise UnknownNameError("currency", code, rows, "data/currency.csv")
    row = rows[code.upper()]
    return Currency(
        code=code.upper(),
        per_usd=float(row["per_eur"]) / float(rows["USD"]["per_eur"]),
        as_of=row["as_of"],
        source=row["source"],
    )
