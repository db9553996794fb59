"""`planner prices`: look at price snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from planner.cli.declared_options import GroupedCommand, declared_options
from planner.cli.options import option, output_options, write_listing, write_notes
from planner.cli.price_books import diff, history, prune, verify
from planner.cli.published_books import publish, pull
from planner.hardware.processors import choose_devices
from planner.options.arguments import BookArguments, ListArguments, OfferArguments
from planner.prices.offers import by_price, select
from planner.render.ages import books_text
from planner.render.lookups import offers_listing
from planner.results.answer import damaged_text
from planner.units import current_day


@click.group()
def prices() -> None:
    """Price books: what is offered, at what price, as of when, and how that changed."""


for command in (history, diff, verify, prune, pull, publish):
    prices.add_command(command)


@prices.command("list", cls=GroupedCommand, groups=(OfferArguments, BookArguments))
@declared_options(ListArguments)
@option("--limit", type=int, default=30, show_default=True, help="Rows to show.")
@option("--all", "show_all", is_flag=True, help="Every offer: all regions and zones, all rows.")
@output_options
def list_prices(*, limit: int, show_all: bool, form: str, output: Path | None, **filters: Any) -> None:
    """Offers by price per GPU and hour: best region of each provider, GPU, count and purchase.

    USD/h is the whole instance, USD/GPU-h that price divided by its GPUs. Linux, before tax.

    \b
    Examples:
      planner prices list --gpu H100 --purchase on_demand
      planner prices list --gpu l4 --provider gcp --all --format csv
    """
    asked = cast("ListArguments", filters)
    selection = select(asked, every_offer=show_all)
    offers = sorted(selection.offers, key=by_price)
    shown = offers if show_all else offers[:limit]
    write_listing(offers_listing(shown, asked["as_of"] or current_day()), form, output)
    left_out = [f"{entry.count:>6,}  {entry.reason}" for entry in selection.left_out]
    if len(shown) < len(offers):
        left_out.append(f"{len(offers) - len(shown):>6,}  ranked after the first {limit}; --all shows every offer")
    if asked["gpus"]:
        wanted = {gpu for text in asked["gpus"] for gpu in choose_devices(text).gpus}
        left_out += [
            f"{provider} {entry.instance_type} has no usable public price: {entry.reason}"
            for provider, entry in selection.unpriced
            if entry.gpu in wanted
        ]
    write_notes(
        [
            *damaged_text(selection.damaged),
            f"Prices: {books_text(selection.books)}",
            *(["Left out:", *left_out] if left_out else []),
        ]
    )
