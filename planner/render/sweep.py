"""The rows of a sweep as a listing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from planner.render.listing import Column, Listing, number, significant
from planner.units import Row, hours

if TYPE_CHECKING:
    import pandas as pd

    from planner.cost.currency import Currency


def sweep_listing(parts: Sequence[pd.DataFrame]) -> Listing:
    """A listing of all rows of all parts, one for each sweep row and rank."""
    rows = [_row(record) for part in parts for record in part.to_dict("records")]
    # the first row sets the columns of a CSV; a job without an estimate has few
    names = list(dict.fromkeys(name for row in rows for name in row))
    full = [{name: row.get(name) for name in names} for row in rows]
    return Listing(schema="planner.sweep/1", name="rows", columns=_COLUMNS, rows=full)


def in_currency(part: pd.DataFrame, currency: Currency) -> pd.DataFrame:
    """The part with the columns that rows of an estimate have in another currency: its code, amount, and both ends."""
    known = part.reindex(columns=["usd", "usd_low", "usd_high"]).astype(
        "float64"
    )  # a part of nothing but errors has none
    code = known["usd"].notna().map({True: currency.code, False: None})
    amounts = {f"amount{end}": known[f"usd{end}"] * currency.per_usd for end in ("", "_low", "_high")}
    return part.assign(currency=code, **amounts)


def _row(record: dict[Any, Any]) -> Row:
    row: Row = {
        str(name): None if isinstance(value, float) and math.isnan(value) else value for name, value in record.items()
    }
    row["hours"] = None if row.get("seconds") is None else hours(row["seconds"])
    return row


_COLUMNS = (
    Column(key="job", heading="job", is_number=True, may_fold=False),
    Column(key="rank", heading="#", text=lambda value: f"{value:.0f}", is_number=True),
    Column(key="model", heading="model"),
    Column(key="gpu_count", heading="count", text=lambda value: f"{value:g}", is_number=True),
    Column(key="gpu", heading="GPU"),
    Column(key="provider", heading="provider"),
    Column(key="instance_type", heading="instance"),
    Column(key="region", heading="region"),
    Column(key="purchase", heading="purchase"),
    Column(key="hours", heading="hours", text=significant, is_number=True),
    Column(key="usd", heading="USD", text=number(2), is_number=True),
    Column(key="basis", heading="basis"),
    Column(key="error", heading="error"),
)
