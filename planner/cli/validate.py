"""`planner validate`: how far predictions are off on rows they have not seen."""

from __future__ import annotations

from pathlib import Path

import click

from planner.accuracy.validation import validate as run_validation
from planner.accuracy.validation import validation_record
from planner.cli.options import option, output_options, screen_width, write_notes, write_result
from planner.render.listing import as_data, rendered
from planner.render.validation import accuracy_page, validation_listing, worst_listing


@click.command()
@option(
    "--write",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the whole report to this Markdown page (docs/accuracy.md).",
)
@output_options
def validate(*, page: Path | None, form: str, output: Path | None) -> None:
    """Recompute the error and the coverage of every kind of prediction from the shipped rows.

    Each split leaves rows out, predicts them from the others with the functions that planning uses, and compares; beside it
    what simple rules give on the very same rows. Errors are absolute percentages. Takes about a minute.

    \b
    Examples:
      planner validate
      planner validate --format json --output validation.json
      planner validate --write docs/accuracy.md
    """
    validation = run_validation()
    data = as_data(form, lambda: validation_record(validation), lambda: validation_listing(validation).rows)
    if data is not None:
        write_result(data, output)
    else:
        width = screen_width(output)
        parts = [
            rendered(listing, form, width=width)
            for listing in (validation_listing(validation), worst_listing(validation))
        ]
        write_result("\nworst ten\n\n".join(parts), output)
    if page is not None:
        write_result(accuracy_page(validation), page)
        write_notes([f"wrote {page}"])
