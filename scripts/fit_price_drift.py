"""`python -m scripts.fit_price_drift`: learn from the shipped price books and `price_moves.csv`, write `data/price_drift.csv`.

Run it after a book is added; it takes seconds.
"""

from __future__ import annotations

from dataclasses import fields

import click

from planner.accuracy.price_fit import fitted
from planner.accuracy.price_moves import book_moves, summaries
from planner.paths import shipped_data_dir
from planner.prices.drift import PriceDrift
from scripts.make_data.tables import write_table

DIGITS = 4


@click.command()
def main() -> None:
    """Write the learnt table."""
    columns = [field.name for field in fields(PriceDrift)]
    rows = [[_cell(getattr(drift, name)) for name in columns] for drift in fitted(book_moves(), summaries())]
    path, count = write_table(shipped_data_dir() / "price_drift.csv", columns, rows)
    click.echo(f"{path}: {count} rows")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
