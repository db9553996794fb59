"""`planner recommend`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.answers.recommend import recommend as run_recommend
from planner.cli.common import settings_used
from planner.cli.estimate import estimate
from planner.cli.options import option, output_options, screen_width, write_notes, write_result
from planner.render.estimates import notes_text
from planner.render.recommendation import rendered_recommendation

_NOT_HERE = (
    "max_hours",
    "max_usd",
    "sort",
    "limit",
    "every_offer",
    "explain",
    "currency",
    "nodes",
    "form",
    "output",
    "charts",
)
"""Options of an estimate that a recommendation has no use for: it has limits and an order of its own."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@option("--deadline", help="When it must be done: 48h, 2d, 90m from now, or a date such as 2026-12-01 (its end).")
@option("--budget", "budget_usd", type=float, help="What it may cost, in USD.")
@option(
    "--owned",
    type=click.Choice(["no", "yes"]),
    default="no",
    show_default=True,
    help="Whether you have a machine of your own; yes needs it under [[machines]] in --price-book.",
)
@option("--nodes", type=int, help="Instances that work together. Default: 1, 2, 4 and 8 are tried.")
@option("--runs-per-month", type=float, default=1.0, show_default=True, help="Such runs a month, to weigh a purchase.")
@option("--limit", type=int, default=5, show_default=True, help="Rows to show.")
@output_options
def recommend(*, owned: str, as_of: datetime | None, form: str, output: Path | None, **options: Any) -> None:
    """The best way to a result within a deadline and a budget, and why the others lost.

    With a deadline the cheapest that ends in time, with only a budget the fastest it pays, with neither the best value.
    If nothing meets the limits, the exit code is 3 and the message names the nearest possibility.

    \b
    Examples:
      planner recommend --model resnet50 --epochs 90 --deadline 48h
      planner recommend --model resnet50 --epochs 90 --budget 200 --owned no
      planner recommend --model bert-large-squad --epochs 2 --deadline 3h --budget 20 --format json
    """
    found = run_recommend(is_owned=owned == "yes", as_of=as_of.date() if as_of else None, **options)
    result = replace(found.result, assumptions=(*found.result.assumptions, *settings_used()))
    found = replace(found, result=result)
    write_result(rendered_recommendation(found, form, width=screen_width(output)), output)
    write_notes(notes_text(result))


recommend.params += [param for param in estimate.params if param.name not in _NOT_HERE]
