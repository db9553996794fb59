"""The report of a fit: whether a run fits into the memory of GPUs, its parts, and what would make it fit."""

from __future__ import annotations

from planner.answers.fit import Fits
from planner.render.fit import fit_answer, fit_notes, fits_listing
from planner.render.report.markup import element
from planner.render.report.page import Parts, listed, report_page, section
from planner.render.report.tables import listing_table

_CAPTION = "GiB of the fullest GPU, in the fastest layout that fits, else in the one that needs least."


def fit_report(found: Fits, *, command: str) -> str:
    """The whole HTML file; `command` is what made it.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    return report_page(fit_parts(found, command=command), skip_to="#rows")


def fit_parts(found: Fits, *, command: str) -> Parts:
    """Title and content of the report without its frame; it has no chart."""
    job, *notes = fit_notes(found)
    return Parts(
        title="Does it fit into memory?",
        subtitle=job.partition(":")[2].strip(),
        content=[
            element("p", fit_answer(found), class_="answer"),
            section("How, and what would make it fit", listed(notes), id_="notes"),
            section("Memory", listing_table(fits_listing(found), _CAPTION), id_="rows"),
            section("How this was made", element("pre", element("code", command))),
        ],
        charts={},
    )
