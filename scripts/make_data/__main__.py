"""`python -m scripts.make_data REFERENCE_FOLDER [--out data]`: write every table that is made by program.

The folder holds the collected figures (`gpus/`, `throughput/` ...); it is not part of the project. The same folder
gives the same bytes. `providers.csv` is written by hand and is not touched.
"""

from __future__ import annotations

from pathlib import Path

import click

from scripts.make_data.aws_instance_types import write_aws_instance_types
from scripts.make_data.cards import write_cards
from scripts.make_data.electricity import write_electricity, write_grid_carbon
from scripts.make_data.gpus import write_gpu_aliases, write_gpus
from scripts.make_data.hosts import write_hosts
from scripts.make_data.models import write_datasets, write_models
from scripts.make_data.parallel_iterations import write_parallel_iterations
from scripts.make_data.price_moves import write_price_moves
from scripts.make_data.prices import write_price_books, write_spot_interruptions
from scripts.make_data.throughput import write_throughput

WRITERS = (
    write_gpus,
    write_gpu_aliases,
    write_datasets,
    write_models,
    write_throughput,
    write_parallel_iterations,
    write_price_books,
    write_price_moves,
    write_spot_interruptions,
    write_cards,
    write_hosts,
    write_electricity,
    write_grid_carbon,
    write_aws_instance_types,
)


@click.command()
@click.argument("reference", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("data"), show_default=True)
def main(reference: Path, out: Path) -> None:
    """Write the shipped tables from the figures under REFERENCE."""
    for write in WRITERS:
        for path, rows in write(reference, out):
            click.echo(f"{path}: {rows} rows")


if __name__ == "__main__":
    main()
