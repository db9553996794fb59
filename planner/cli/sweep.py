"""`planner sweep`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.answers.sweep import ENGINES, planned_parts
from planner.cli.declared_options import declared_options, verb
from planner.cli.file_path import FilePath
from planner.cli.options import chosen_currency, option, output_options_with, write_listing, write_notes
from planner.options.arguments import SharedArguments, ShownArguments
from planner.prices.damaged import damaged_books
from planner.render.estimates import currency_note
from planner.results.answer import damaged_text

if TYPE_CHECKING:
    import pandas as pd


@verb()
@click.argument("jobs", type=FilePath(dir_okay=False))
@option("--limit", type=int, default=1, show_default=True, help="Estimates a job, best first.")
@option("--engine", type=click.Choice(ENGINES), default="local", show_default=True, help="Where the work is done.")
@option("--scheduler", help="Address of a Dask scheduler, tcp://host:8786. Default: workers on this machine.")
@declared_options(SharedArguments)
@declared_options(ShownArguments)
@output_options_with(also_endings=(".parquet",))
def sweep(
    *,
    jobs: Path,
    limit: int,
    engine: str,
    scheduler: str | None,
    price_book: Path | None,
    as_of: date | None,
    data_dir: Path | None,
    strict: bool,
    currency: str | None,
    form: str,
    output: Path | None,
) -> None:
    """The best offer for every job of a CSV or Parquet file.

    JOBS has the columns model and epochs, and any option of `planner estimate` by its name in Python (gpus, max_usd,
    purchases ...); several values of one option are separated by ';'. Figures are those of the estimate, to the last cent.
    With --output ending in .csv or .parquet rows are written as they come, however many there are.

    \b
    Examples:
      planner sweep jobs.csv
      planner sweep jobs.csv --format csv --output plans.csv
      planner sweep log.parquet --engine dask --scheduler tcp://10.0.0.5:8786 --output plans.parquet
    """
    from planner.render.sweep import in_currency, sweep_listing  # noqa: PLC0415 - loads with the results
    from planner.render.sweep_files import read_parts, write_parts  # noqa: PLC0415

    parts = planned_parts(
        read_parts(jobs),
        limit=limit,
        engine=engine,
        scheduler=scheduler,
        data_dir=data_dir,
        as_of=as_of,
        price_book=price_book,
        strict=strict,
    )
    money = chosen_currency(currency)
    if money is not None:
        parts = (in_currency(part, money) for part in parts)
    is_streamed = output is not None and (output.suffix == ".parquet" or form == "csv" or output.suffix == ".csv")
    totals = _Totals()
    if is_streamed and output is not None:
        for _ in totals.counted(write_parts(parts, output)):
            pass
    else:
        write_listing(sweep_listing(list(totals.counted(parts))), form, output)
    write_notes(
        [
            *damaged_text(damaged_books(data_dir, as_of=as_of)),
            *totals.lines(),
            *([currency_note(money)] if money else []),
        ]
    )


class _Totals:
    """Totals of hours and USD over all sweep rows, by the best estimate of each."""

    def __init__(self) -> None:
        self.planned, self.failed, self.usd, self.seconds = 0, 0, 0.0, 0.0

    def counted(self, parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            self.failed += int((part["error"] != "").sum())
            if "rank" in part:
                best = part[part["rank"] == 1]
                self.planned += len(best)
                self.usd += float(best["usd"].sum())
                self.seconds += float(best["seconds"].sum())
            yield part

    def lines(self) -> list[str]:
        """The totals as lines of text."""
        lines = [
            f"{self.planned:,} jobs: {self.seconds / 3600:,.1f} hours and {self.usd:,.2f} USD, each at its best offer"
        ]
        if self.failed:
            lines.append(f"{self.failed:,} jobs have no estimate; the column error says why")
        return lines
