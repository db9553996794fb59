"""`python -m scripts.fit_devices`: learn `data/radeon_levels.csv` and `data/tree_ranges.csv` from the runs that are shipped.

Run it after a row of `radeon_ratios.csv` or `tree_runs.csv` is added, and after `scripts.fit_throughput`: the levels of Radeon cards
stand on what that foretells. It takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import click

from planner.accuracy.radeon_errors import radeon_levels_learnt
from planner.accuracy.tree_machines import tree_ranges
from planner.paths import shipped_data_dir
from planner.throughput.radeon_levels import RadeonLevel
from planner.throughput.tree_rows import TreeRange
from scripts.make_data.tables import cells, write_table


@click.command()
def main() -> None:
    """Write the learnt tables."""
    _write("radeon_levels.csv", RadeonLevel, radeon_levels_learnt())
    _write("tree_ranges.csv", TreeRange, tree_ranges())


def _write(name: str, record: type, rows: Iterable[object]) -> None:
    columns = [field.name for field in fields(record)]
    path, count = write_table(shipped_data_dir() / name, columns, [cells(row, columns) for row in rows])
    click.echo(f"{path}: {count} rows")


if __name__ == "__main__":
    main()
