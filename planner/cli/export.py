"""`planner export`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from planner.answers.estimate import estimate as run_estimate
from planner.cli.estimate import estimate
from planner.cli.given_command import given_command
from planner.cli.options import option, write_notes, write_result
from planner.export.files import TOOLS, notes
from planner.export.files import export as run_export

_NOT_HERE = ("form", "limit", "explain", "currency", "charts")
"""Options of an estimate that only say how it is shown."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@option("--to", required=True, type=click.Choice(list(TOOLS)), help="The tool that is to run it.")
@option("--row", type=int, default=1, show_default=True, help="Row of the estimate, by its number (#).")
@option("--command", help="Training command. Default: a placeholder that fails until it is replaced.")
@option("--image", help="Container image to run in. Default: the tool's own; Kubernetes has none.")
def export(
    *,
    to: str,
    row: int,
    command: str | None,
    image: str | None,
    every_offer: bool,
    as_of: datetime | None,
    output: Path | None,
    **options: Any,
) -> None:
    """A row of the estimate as a file that SkyPilot, dstack, Kubernetes or Terraform runs.

    Takes the options of planner estimate, and --row picks what its table shows under that number. A disk is asked for
    if --dataset-gb or --image-gb is given. --max-hours and --max-usd also end the run where the tool can do that.

    \b
    Examples:
      planner export --to skypilot --model resnet50 --epochs 90 --provider aws
      planner export --to kubernetes --model resnet50 --epochs 90 --provider gcp --row 2 --image my/image:1
      planner export --to terraform --model resnet50 --epochs 90 --provider azure --dataset-gb 150 --output main.tf
    """
    result = run_estimate(**options, limit=None, every_offer=every_offer, as_of=as_of.date() if as_of else None)
    found = run_export(
        result,
        to=to,
        row=row,
        made_by=given_command(click.get_current_context()),
        command=command,
        image=image,
        **{name: options[name] for name in ("dataset_gb", "image_gb", "max_hours", "max_usd")},
    )
    write_result(found.text, output)
    write_notes(notes(found, str(output or "FILE")))


export.params += [param for param in estimate.params if param.name not in _NOT_HERE]
