"""`planner prices history`, `diff`, `verify` and `prune`: price books over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from planner.answers.estimate import estimate
from planner.answers.repriced import repriced
from planner.cli.declared_options import verb
from planner.cli.options import (
    completed,
    data_dir_option,
    option,
    output_options,
    write_listing,
    write_notes,
    write_problems,
)
from planner.errors import UsageError
from planner.hardware.markets import provider_named
from planner.hardware.processors import choose_gpus_only
from planner.model.records import Offer
from planner.paths import default_user_data_dir
from planner.prices.catalog import purchase_kind
from planner.prices.history import price_history
from planner.prices.prune import prunable
from planner.prices.prune import prune as remove
from planner.prices.states import PriceState, compare_states, current_state, earlier_state, state_at, state_offers
from planner.prices.verify import verify_books
from planner.render.prices import (
    changes_listing,
    points_listing,
    prunable_listing,
    reports_listing,
    repriced_listing,
    series_listing,
)
from planner.results.answer import damaged_text
from planner.units import current_day

_NO_BOOKS = "Its prices are one short table, which has no history: planner prices list --gpu cpu."


@verb()
@option("--gpu", "gpus", multiple=True, help="GPU: A100, h100-80gb-sxm. Repeatable. Default: all.")
@option("--provider", "providers", multiple=True, help="Provider. Repeatable. Default: all.")
@option("--region", help="Region as the provider writes it. Default: all regions together.")
@option(
    "--purchase",
    "purchases",
    multiple=True,
    default=("on_demand", "spot"),
    show_default=True,
    help="on_demand, spot, reserved_1y ... Repeatable.",
)
@option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Leave out days before, YYYY-MM-DD.")
@data_dir_option
@output_options
def history(
    *,
    gpus: tuple[str, ...],
    providers: tuple[str, ...],
    region: str | None,
    purchases: tuple[str, ...],
    since: datetime | None,
    data_dir: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """How prices per GPU-hour moved from book to book, in USD.

    A line per GPU, provider and purchase with a chart of the median over all offers; CSV and JSON give every day with
    lowest, median and highest price.

    \b
    Examples:
      planner prices history --gpu h100
      planner prices history --gpu l4 --provider gcp --region us-central1 --format csv
    """
    found = price_history(
        data_dir or default_user_data_dir(),
        gpus=[key for text in gpus for key in choose_gpus_only(text, _NO_BOOKS).gpus],
        purchases=[purchase_kind(text) for text in purchases],
        providers=[provider_named(name) for name in providers],
        region=region,
        since=since.date() if since else None,
        report=_say_indexing,
    )
    make = series_listing if form in ("table", "markdown") else points_listing
    write_listing(make(found.series), form, output)
    write_notes(f"Left out: {problem}" for problem in found.problems)


@verb()
@click.argument("before", required=False, metavar="[A]")
@click.argument("after", required=False, metavar="[B]")
@option("--provider", "providers", multiple=True, help="Provider. Repeatable. Default: all.")
@option("--model", help="Also the estimates of this model that change. Needs --epochs.")
@option("--epochs", type=float, help="Passes over the training data, with --model.")
@option("--limit", type=int, default=30, show_default=True, help="Rows to show.")
@option("--all", "show_all", is_flag=True, help="Every row.")
@data_dir_option
@output_options
def diff(
    *,
    before: str | None,
    after: str | None,
    providers: tuple[str, ...],
    model: str | None,
    epochs: float | None,
    limit: int,
    show_all: bool,
    data_dir: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """What changed between prices A and B: a day, a moment (2026-06-15T101500) or the CSV of a book.

    Without B: A against now. Without both: the newest book of each provider against the one before it. With --model
    the estimates whose cost changed are listed instead of the prices.

    \b
    Examples:
      planner prices diff
      planner prices diff 2026-04-02 2026-06-15 --provider gcp
      planner prices diff 2026-01-31 --model resnet50 --epochs 90
    """
    folder = data_dir or default_user_data_dir()
    new = state_at(folder, after) if after else current_state(folder)
    old = state_at(folder, before) if before else earlier_state(folder, new)
    most = None if show_all else limit
    found, damaged = compare_states(old, new, [provider_named(name) for name in providers])
    if model is not None or epochs is not None:
        known = state_offers(old, without=[book.provider for book in damaged])
        _write_repriced(known, new, model, epochs, providers=providers, data_dir=data_dir, form=form, output=output)
    else:
        write_listing(changes_listing(found, most), form, output)
    write_notes(damaged_text(damaged))
    write_notes(
        f"{each.provider}: {each.old_stem or 'no book'} -> {each.new_stem or 'no book'}: "
        f"{len(each.changes.moved):,} moved, {len(each.changes.new):,} new, {len(each.changes.gone):,} gone, "
        f"{each.changes.same:,} the same"
        for each in found
    )


@verb()
@click.argument("providers", nargs=-1, metavar="[PROVIDER]...", shell_complete=completed)
@data_dir_option
@output_options
@click.pass_context
def verify(
    ctx: click.Context, /, *, providers: tuple[str, ...], data_dir: Path | None, form: str, output: Path | None
) -> None:
    """Check every price book: sidecar, checksum, order, duplicates, believable prices. Exit 1 if one is bad.

    \b
    Examples:
      planner prices verify
      planner prices verify gcp --format json
    """
    reports = verify_books(data_dir or default_user_data_dir(), tuple(provider_named(name) for name in providers))
    write_listing(reports_listing(reports), form, output)
    bad = [report for report in reports if report.problems]
    write_problems(f"{report.path}: {problem}" for report in bad for problem in report.problems)
    write_notes([f"{len(reports)} books, {len(bad)} bad."])
    if bad:
        ctx.exit(1)


@verb()
@click.argument("providers", nargs=-1, metavar="[PROVIDER]...", shell_complete=completed)
@option("--keep", type=int, help="Keep the newest so many books of each provider.")
@option("--older-than", "older_than_days", type=click.IntRange(min=1), help="Only books older than so many days.")
@option("--yes", is_flag=True, help="Remove them. Without it they are only listed.")
@data_dir_option
@output_options
def prune(
    *,
    providers: tuple[str, ...],
    keep: int | None,
    older_than_days: int | None,
    yes: bool,
    data_dir: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """List or remove old books and raw pages of your own folder; never the newest of a provider, never shipped ones.

    \b
    Examples:
      planner prices prune --keep 30
      planner prices prune --older-than 365 --yes
    """
    folder = data_dir or default_user_data_dir()
    today = current_day()
    things = prunable(
        folder,
        keep=keep,
        before=today - timedelta(days=older_than_days) if older_than_days else None,
        providers=tuple(provider_named(name) for name in providers),
    )
    if yes and things:
        remove(folder, things)
    write_listing(prunable_listing(things), form, output)
    size = sum(thing.size_bytes for thing in things)
    done = "Removed" if yes else "Nothing is removed without --yes. Would go"
    write_notes([f"{done}: {len(things)}, {size:,} bytes."])


def _say_indexing(books: int) -> None:
    if books > 50:
        write_notes([f"Reading {books:,} books into the index, once ..."])


def _write_repriced(
    before: Mapping[str, Sequence[Offer]],
    new: PriceState,
    model: str | None,
    epochs: float | None,
    *,
    form: str,
    output: Path | None,
    **filters: Any,
) -> None:
    if model is None or epochs is None:
        raise UsageError("--model and --epochs belong together.")
    if new.day is None and not new.is_newest:
        raise UsageError(f"With --model, B must be a day or left out, not {new.text!r}.")
    result = estimate(model=model, epochs=epochs, as_of=new.day, **filters)
    found = repriced(result.estimates, [offer for offers in before.values() for offer in offers])
    write_listing(repriced_listing(found), form, output)
    write_notes([f"{len(found)} of {len(result.estimates)} estimates of {result.workload.model.name} changed."])
