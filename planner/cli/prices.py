"""`planner prices`: look at price snapshots."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.cli.options import data_dir_option, option, output_options, write_listing, write_notes
from planner.cli.price_books import diff, history, prune, verify
from planner.hardware.gpus import choose_gpus
from planner.prices.offers import by_price, select
from planner.render.lookups import offers_listing
from planner.units import current_day


@click.group()
def prices() -> None:
    """Price books: what is offered, at what price, as of when, and how that changed."""


for command in (history, diff, verify, prune):
    prices.add_command(command)


@prices.command("list")
@option("--gpu", "gpus", multiple=True, help="GPU, with a count if wanted: A100, H100:8. Repeatable. Default: all.")
@option("--gpu-count", "gpu_counts", multiple=True, type=float, help="GPUs per instance. Repeatable. Default: any.")
@option("--provider", "providers", multiple=True, help="Provider. Repeatable. Default: all.")
@option("--region", "regions", multiple=True, help="Region as the provider writes it. Repeatable. Default: all.")
@option("--purchase", "purchases", multiple=True, help="on_demand, spot, reserved_1y ... Repeatable. Default: all.")
@option("--max-price-age", "max_price_age_days", type=int, help="Leave out prices older than so many days.")
@option("--limit", type=int, default=30, show_default=True, help="Rows to show.")
@option("--all", "show_all", is_flag=True, help="Every offer: all regions and zones, all rows.")
@option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Prices known on that day, YYYY-MM-DD.")
@data_dir_option
@output_options
def list_prices(
    *, limit: int, show_all: bool, as_of: datetime | None, form: str, output: Path | None, **filters: Any
) -> None:
    """Offers by price per GPU and hour: best region of each provider, GPU, count and purchase.

    USD/h is the whole instance, USD/GPU-h that price divided by its GPUs. Linux, before tax.

    \b
    Examples:
      planner prices list --gpu H100 --purchase on_demand
      planner prices list --gpu l4 --provider gcp --all --format csv
    """
    day = as_of.date() if as_of else None
    selection = select(**filters, as_of=day, every_offer=show_all)
    offers = sorted(selection.offers, key=by_price)
    shown = offers if show_all else offers[:limit]
    write_listing(offers_listing(shown, day or current_day()), form, output)
    left_out = [f"{entry.count:>6,}  {entry.reason}" for entry in selection.left_out]
    if len(shown) < len(offers):
        left_out.append(f"{len(offers) - len(shown):>6,}  ranked after the first {limit}; --all shows every offer")
    if filters["gpus"]:
        wanted = {gpu for text in filters["gpus"] for gpu in choose_gpus(text).gpus}
        left_out += [
            f"{provider} {entry.instance_type} has no usable public price: {entry.reason}"
            for provider, entry in selection.unpriced
            if entry.gpu in wanted
        ]
    books = ", ".join(f"{book.provider} {book.observed_on} ({book.age_days} days old)" for book in selection.books)
    write_notes([f"Prices: {books}", *(["Left out:", *left_out] if left_out else [])])
