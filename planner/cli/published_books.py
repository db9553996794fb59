"""`planner prices pull` and `planner prices publish`: price books from a web server, and a folder for one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from planner.cli.declared_options import verb
from planner.cli.file_path import FilePath
from planner.cli.options import data_dir_option, option, output_options, write_listing, write_notes, write_problems
from planner.cli.refresh import accept_option, end_refresh, progress_lines, timeout_option
from planner.errors import UsageError
from planner.paths import default_user_data_dir
from planner.prices.publish import publish as make_folder
from planner.prices.pull import pull as take_published
from planner.prices.refresh import RefreshOrder
from planner.render.refresh import outcomes_listing, publication_listing


@verb()
@click.argument("url", required=False)
@option("--prices-url", help="The address of published price books, if none is typed as URL. None is built in.")
@option(
    "--also-host",
    "hosts",
    multiple=True,
    help="Another host that the address may redirect to: example.com or example.com:8443. Repeatable.",
)
@option("--dry-run", is_flag=True, help="Fetch and check, and write nothing.")
@accept_option
@timeout_option
@data_dir_option
@output_options
@click.pass_context
def pull(
    ctx: click.Context,
    /,
    *,
    url: str | None,
    prices_url: str | None,
    hosts: tuple[str, ...],
    dry_run: bool,
    accept: bool,
    timeout_seconds: float,
    data_dir: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """Take newer price books that somebody publishes: no account, no cloud is asked, nothing is sent.

    URL is the https address of an index (latest.json) or of its folder. Books are checked as those of a refresh; an older
    one never takes the place of a newer one. Exit 1 if any failed.

    \b
    Examples:
      planner prices pull https://example.com/prices/latest.json
      PLANNER_PRICES_URL=https://example.com/prices planner prices pull
    """
    address = url or prices_url
    if not address:
        raise UsageError(
            "No address of published price books is set, and none is built in. Type it (planner prices pull URL or "
            "{prices_url} URL), set PLANNER_PRICES_URL, or put it into your planner.toml: [prices.pull] prices_url = ...",
            argument="prices_url",
        )
    order = RefreshOrder(
        data_dir=data_dir or default_user_data_dir(),
        timeout_seconds=timeout_seconds,
        is_dry_run=dry_run,
        accepts=accept,
    )
    with progress_lines() as progress:
        done = take_published(order, address, progress, hosts=hosts)
    write_listing(outcomes_listing(done.outcomes, is_dry_run=dry_run), form, output)
    end_refresh(ctx, done)


@verb()
@click.argument("folder", type=FilePath(file_okay=False))
@data_dir_option
@output_options
@click.pass_context
def publish(ctx: click.Context, /, *, folder: Path, data_dir: Path | None, form: str, output: Path | None) -> None:
    """Make FOLDER hold the newest price book of every provider and their index, for a web server to give to others.

    Books are written first, the index last. Publishing again writes only what changed. FOLDER may be the data folder
    itself. Exit 1 if a book had to be passed over.

    \b
    Examples:
      planner prices publish public/prices
    """
    done = make_folder(data_dir or default_user_data_dir(), folder, now=datetime.now(UTC))
    write_listing(publication_listing(done), form, output)
    write_problems(done.problems)
    write_notes([*done.notes, f"{done.path}: {len(done.index.books)} books, {len(done.new)} of them new."])
    if done.problems:
        ctx.exit(1)
