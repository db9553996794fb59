"""`planner refresh`: new price books from the clouds, from raw pages, or from files saved elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.cli.declared_options import verb
from planner.cli.file_path import FilePath
from planner.cli.options import (
    Amount,
    completed,
    data_dir_option,
    is_quiet,
    option,
    output_options,
    tell,
    write_listing,
    write_notes,
    write_problems,
)
from planner.errors import UsageError
from planner.hardware.markets import provider_named
from planner.paths import default_user_data_dir
from planner.prices.catalog import purchase_kind
from planner.prices.pull import Pulled, pull
from planner.prices.refresh import Progress, RefreshOrder
from planner.prices.refresh import refresh as run_refresh
from planner.prices.registry import load_provider, provider_names
from planner.render.listing import visible
from planner.render.refresh import failures, outcome_notes, outcomes_listing

accept_option = option(
    "--accept",
    is_flag=True,
    help="Believe prices that moved too far. And a book that changed too much as a whole.",
)
timeout_option = option(
    "--timeout",
    "timeout_seconds",
    type=Amount(1, 86_400),
    default=30.0,
    show_default=True,
    help="Seconds that a single request may take.",
)


class _PathOrAddress(FilePath):
    """A path, or an address as it was typed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """An address is told by its `://`."""
        return value if isinstance(value, str) and "://" in value else super().convert(value, param, ctx)


@verb()
@click.argument("providers", nargs=-1, metavar="[PROVIDER]...", shell_complete=completed)
@option(
    "--offline", is_flag=True, help="Parse the newest raw pages again. Those of the last fetch; opens no connection."
)
@option(
    "--from",
    "place",
    type=_PathOrAddress(),
    help="Read this file, folder or archive instead. Or books published at this https address.",
)
@option(
    "--observed-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day the prices in --from held. For files that do not say it.",
)
@option(
    "--gpu-variant",
    "gpu_variants",
    multiple=True,
    help="What a name in --from means, NAME=GPU. For one that stands for several (h100=h100-80gb-sxm); the name is that "
    "of a GPU or an instance type there. Repeatable.",
)
@option("--regions", multiple=True, help="Only this region. Several with commas. Repeatable. Default: all.")
@option("--purchase", "purchases", multiple=True, help="on_demand, spot, reserved_1y ... Repeatable. Default: all.")
@option("--dry-run", is_flag=True, help="Fetch and check, and write nothing.")
@accept_option
@timeout_option
@option("--jobs", type=click.IntRange(min=1), default=4, show_default=True, help="Providers refreshed side by side.")
@data_dir_option
@output_options
@click.pass_context
def refresh(
    ctx: click.Context,
    /,
    *,
    providers: tuple[str, ...],
    offline: bool,
    place: Path | str | None,
    observed_on: datetime | None,
    regions: tuple[str, ...],
    purchases: tuple[str, ...],
    dry_run: bool,
    accept: bool,
    data_dir: Path | None,
    form: str,
    output: Path | None,
    **settings: Any,
) -> None:
    """Make new, dated, checked price books in your data folder; the old ones stay.

    Without PROVIDER: every provider with live prices (planner providers) and every plug-in. What needs an account that
    is not there is named, and the rest goes on. Prices that cannot be believed are held back into a file beside the
    book. Exit 1 if any provider failed; one that was not named and has no key here does not fail.

    --from reads books and raw pages of this tool, AWS bulk offer files (JSON or CSV, also gzipped), Azure retail pages,
    GCP SKU pages, SkyPilot catalogue folders and gpuhunt catalogues, also in zip and tar archives. With an https address
    it does what `planner prices pull` does.

    \b
    Examples:
      planner refresh
      planner refresh azure --regions eastus,westeurope --purchase on_demand
      planner refresh --offline
      planner refresh --from prices-from-my-laptop.zip
      planner refresh --from skypilot-catalog/catalogs --observed-on 2026-05-20
      planner refresh --from nebula --observed-on 2026-11-01 --gpu-variant h100=h100-80gb-sxm
      planner refresh --from https://example.com/prices/latest.json
    """
    if offline and place is not None:
        raise UsageError(
            "--offline and --from exclude each other: the one reads saved pages here, the other elsewhere."
        )
    order = RefreshOrder(
        data_dir=data_dir or default_user_data_dir(),
        providers=_providers(providers, is_any=place is not None),
        is_for_all=not providers,
        regions=tuple(region.strip().lower() for text in regions for region in text.split(",") if region.strip()),
        purchases=tuple(purchase_kind(text) for text in purchases),
        is_offline=offline,
        path=place if isinstance(place, Path) else None,
        observed_on=observed_on.date() if observed_on else None,
        is_dry_run=dry_run,
        accepts=accept,
        **settings,
    )
    with progress_lines() as progress:
        done = pull(order, place, progress) if isinstance(place, str) else Pulled(outcomes=run_refresh(order, progress))
    write_listing(outcomes_listing(done.outcomes, is_dry_run=dry_run), form, output)
    end_refresh(ctx, done)


def end_refresh(ctx: click.Context, done: Pulled) -> None:
    """Say what failed and what is to be noted, and end in exit code 1 if any provider failed."""
    write_problems(failures(done.outcomes))
    write_notes([*done.notes, *outcome_notes(done.outcomes)])
    if ctx.obj and ctx.obj.get("debug"):
        write_problems(outcome.traceback for outcome in done.outcomes if outcome.traceback)
    asked = [outcome for outcome in done.outcomes if not outcome.is_not_asked]
    if any(outcome.error for outcome in asked) or (done.outcomes and not asked):
        ctx.exit(1)


def _providers(given: Sequence[str], *, is_any: bool) -> tuple[str, ...]:
    """Names of the providers to refresh: those given, or all that are known.

    Args:
        given: as typed.
        is_any: files are read, which may be of providers that nobody knows; no name then stands for whatever is in them.

    Raises:
        PlannerError: a name is that of no provider.
    """
    names = tuple(dict.fromkeys(provider_named(name) for name in given))
    if is_any:
        return names
    for name in names:
        load_provider(name)  # a name nobody knows is an error before anything is fetched
    return names or tuple(provider_names())


@contextmanager
def progress_lines() -> Iterator[Progress]:
    """A line per provider that moves on a terminal, plain lines elsewhere; on standard error, unless `--quiet`."""
    if is_quiet():
        yield lambda _provider, _line: None
        return
    if not sys.stderr.isatty():
        yield lambda provider, line: tell(visible(f"{provider}: {line}"))
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import Progress as Bars  # noqa: PLC0415
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.fields[provider]:<8}"), TextColumn("{task.description}"))
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def step(provider: str, line: str) -> None:
            if provider not in tasks:
                tasks[provider] = bars.add_task(line, total=None, provider=provider)
            bars.update(tasks[provider], description=line.replace("[", "\\["))

        yield step
