"""`planner estimate --format github`: a comment on a pull request, also where no offer meets the limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.answers.estimate import estimate
from planner.cli.given_command import given_command
from planner.cli.names import in_options
from planner.cli.options import write_notes, write_result
from planner.cost.currency import usd_at_most
from planner.errors import LimitError, UsageError
from planner.options.times import hours_until
from planner.render.estimates import notes_text
from planner.render.github import Gate, rendered_comment

if TYPE_CHECKING:
    from planner.cost.currency import Currency


def comment_on(
    options: dict[str, Any],
    *,
    currency: Currency | None,
    charts: tuple[Path, ...],
    output: Path | None,
) -> None:
    """Write the comment; if no offer meets the limits it says so, and what is nearest, before the error goes on.

    Raises:
        UsageError: charts were asked for too.
        LimitError: after the comment was written, so that a pipeline stops.
    """
    if charts:
        raise UsageError(
            "--chart cannot go with --format github: a comment holds no files. Write them in a run of their own."
        )
    limit, every_offer = options["limit"], options["every_offer"]
    max_usd = usd_at_most(options["max_usd"], options["max_cost"])
    limit_of_time = options["max_hours"]
    max_hours = None if limit_of_time is None else hours_until(limit_of_time, as_of=options["as_of"])
    missed = None
    try:
        result = in_options(estimate(**options | {"limit": None if every_offer else limit}))
    except LimitError as error:
        missed = error
        # the nearest rows are what a reader needs now
        result = in_options(estimate(**options | {"max_usd": None, "max_cost": None, "max_hours": None, "limit": None}))
    gate = Gate(max_usd=max_usd, max_hours=max_hours, is_met=missed is None)
    command = given_command(click.get_current_context())
    rows = len(result.estimates) if every_offer else limit
    text = rendered_comment(result, gate, sort=options["sort"], limit=rows, command=command, currency=currency)
    write_result(text, output)
    write_notes(in_options([*notes_text(result)]))
    if missed is not None:
        raise missed
