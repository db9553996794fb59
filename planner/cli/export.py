"""`planner export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner.answers.estimate import estimate as run_estimate
from planner.cli.declared_options import declared_options, verb
from planner.cli.given_command import given_command
from planner.cli.names import in_options
from planner.cli.options import is_flat, option, output_option, write_notes, write_result
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
    help="Row by its number: of a pick, or of the ranking with --limit, --sort or --all. Default: that of the first sentence.",
)
@option("--command", help="Training command. Default: a placeholder that fails until it is replaced.")
@option("--image", help="Container image to run in. Default: the tool's own; Kubernetes has none.")
@declared_options(EstimateArguments)
@output_option
def export(
    *,
    to: str,
    row: int | None,
    command: str | None,
    image: str | None,
    output: Path | None,
    **options: Any,
) -> None:
    """A row of the estimate as a file that SkyPilot, dstack, Kubernetes or Terraform runs.

    Takes the options of planner estimate, and --row the number that it shows with them: that of a pick, or with --limit,
    --sort or --all that of the ranking. A disk is asked for if --dataset-gb or --image-gb is given. --max-hours and --max-usd
    also end the run where the tool can do that.

    \b
    Examples:
      planner export --to skypilot --model resnet50 --epochs 90 --provider aws
      planner export --to kubernetes --model resnet50 --epochs 90 --provider gcp --row 2 --image my/image:1
      planner export --to terraform --model resnet50 --epochs 90 --provider azure --dataset-gb 150 --output main.tf
    """
    is_rank = is_flat()
    result = in_options(run_estimate(**{**options, "limit": None}))  # every row, so that others can be proposed
    limit = options["max_hours"]
    found = run_export(
        result,
        to=to,
        row=row,
        is_rank=is_rank,
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
