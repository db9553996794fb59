"""`planner export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.answers.estimate import estimate as run_estimate
from planner.cli.declared_options import declared_options, verb
from planner.cli.given_command import given_command
from planner.cli.names import in_options
from planner.cli.options import option, output_option, write_notes, write_result
from planner.cost.currency import usd_at_most
from planner.export.files import TOOLS, notes
from planner.export.files import export as run_export
from planner.options.arguments import GROUPS, EstimateArguments
from planner.options.times import hours_until


@verb(groups=GROUPS)
@option("--to", required=True, type=click.Choice(list(TOOLS)), help="The tool that is to run it.")
@option(
    "--row",
    type=int,
    default=1,
    show_default=True,
    help="Row of the ranking of all rows (planner estimate --limit 15), by its number (#).",
)
@option("--command", help="Training command. Default: a placeholder that fails until it is replaced.")
@option("--image", help="Container image to run in. Default: the tool's own; Kubernetes has none.")
@declared_options(EstimateArguments, without=("limit",))
@output_option
def export(
    *,
    to: str,
    row: int,
    command: str | None,
    image: str | None,
    output: Path | None,
    **options: Any,
) -> None:
    """A row of the estimate as a file that SkyPilot, dstack, Kubernetes or Terraform runs.

    Takes the options of planner estimate, and --row picks what its ranking (--limit 15) has under that number. A disk is asked
    for if --dataset-gb or --image-gb is given. --max-hours and --max-usd also end the run where the tool can do that.

    \b
    Examples:
      planner export --to skypilot --model resnet50 --epochs 90 --provider aws
      planner export --to kubernetes --model resnet50 --epochs 90 --provider gcp --row 2 --image my/image:1
      planner export --to terraform --model resnet50 --epochs 90 --provider azure --dataset-gb 150 --output main.tf
    """
    result = in_options(run_estimate(**options))
    limit = options["max_hours"]
    found = run_export(
        result,
        to=to,
        row=row,
        made_by=given_command(click.get_current_context()),
        command=command,
        image=image,
        dataset_gb=options["dataset_gb"],
        image_gb=options["image_gb"],
        max_hours=None if limit is None else hours_until(limit, as_of=options["as_of"]),
        max_usd=usd_at_most(options["max_usd"], options["max_cost"]),
    )
    write_result(found.text, output)
    write_notes(notes(found, str(output or "FILE")))
