"""`planner validate`: how far predictions are off on rows they have not seen."""

from __future__ import annotations

from pathlib import Path

from planner.accuracy.validation import validate as run_validation
from planner.accuracy.validation import validation_record
from planner.cli.declared_options import verb
from planner.cli.file_path import OutputFile
from planner.cli.options import option, output_options, screen_width, write_notes, write_result
from planner.errors import UsageError
from planner.render.listing import as_data, rendered
from planner.render.price_accuracy import price_listing
from planner.render.validation import accuracy_page, groups_listing, validation_listing, worst_listing


@verb()
@option(
    "--write",
    "page",
    type=OutputFile(),
    help="Also write the whole report to this Markdown page (docs/accuracy.md).",
)
@option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME",
    help="Only this split, with its groups (repeatable). Default: all.",
)
@output_options
def validate(*, page: Path | None, splits: tuple[str, ...], form: str, output: Path | None) -> None:
    """Recompute the error and the coverage of every kind of prediction from the shipped rows.

    Each split leaves rows out, predicts them from the others with the functions that planning uses, and compares; beside it
    what simple rules give on the very same rows. Errors are absolute percentages; between sources they count implementations
    (repository, framework, input size), each with the same weight. Takes some minutes; one split less.

    \b
    Examples:
      planner validate
      planner validate --split source --split own_gpu
      planner validate --split price
      planner validate --format json --output validation.json
      planner validate --write docs/accuracy.md
    """
    if page is not None and splits:
        raise UsageError(
            "The page holds every split: give {write} without {split}.",
            argument="write",
            write="--write",
            split="--split",
        )
    validation = run_validation(splits)
    listings = (validation_listing(validation), price_listing(validation.splits), worst_listing(validation))
    data = as_data(form, lambda: validation_record(validation), lambda: listings[0].rows or listings[1].rows)
    if data is not None:
        write_result(data, output)
    else:
        width = screen_width(output)
        titled = list(zip(("", "\nprices\n\n", "\nworst ten\n\n"), listings, strict=True))
        if splits:
            titled.insert(1, ("\nby group\n\n", groups_listing(validation)))
        parts = [title + rendered(listing, form, width=width) for title, listing in titled if listing.rows]
        write_result("".join(parts).lstrip("\n"), output)
    if page is not None:
        write_result(accuracy_page(validation), page)
        write_notes([f"wrote {page}"])
