"""Columns of fit and compare on terminals of 60 to 200 columns: apart, uncut, within the width."""

import re
from datetime import date

import pytest

import planner
from planner.answers.fit import fits
from planner.options.declared import filled
from planner.options.fit_arguments import FitArguments
from planner.options.language import language_arguments
from planner.render.comparison import rendered_comparison
from planner.render.fit import fits_listing, rendered_fits

WIDTHS = range(60, 201)
DAY = date(2026, 11, 26)


def _fits(limit=12, **asked):
    given = filled(FitArguments, asked)
    run = {name: given.pop(name) for name in ("model", "gpus", "precision", "batch_size")}
    return fits(**run, options=language_arguments(given), limit=limit)


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "llama-3-8b", "method": "lora"},
        {"model": "llama-3-8b", "method": "full", "gpus": ["H100:8", "RTX 4090", "L40S:4"]},
        {"model": "llama-3-8b", "method": "full", "gpus": ["L40S:4", "RTX 4090"]},
        {"model": "llama-2-70b", "method": "full"},
    ],
)
def test_columns_of_memory_stand_apart_at_every_width(asked):
    """Headings are two spaces apart and whole; figures are those of the listing, none is cut."""
    found = _fits(**asked)
    listing = fits_listing(found)
    names = {column.heading for column in listing.columns}
    machines = [row["gpus"] for row in listing.rows]

    for width in WIDTHS:
        text = rendered_fits(found, "table", width=width)
        lines = text.split("\n\n", 1)[1].splitlines()
        heading = re.split(r" {2,}", lines[0])
        assert max(map(len, text.splitlines())) <= width
        assert set(heading) <= names | set(machines)
        if heading[1] in machines:  # turned: a line for each part
            assert names - {"GPUs"} == {re.split(r" {2,}", line)[0] for line in lines[1:]}
        else:
            assert machines == [re.split(r" {2,}", line)[0] for line in lines[1 : 1 + len(machines)]]
        totals = [f"{row['total_gib']:,.1f}" for row in listing.rows]
        needed = [f"{row['least_gib']:,.1f}" for row in listing.rows]
        cells = [re.split(r" {2,}", line) for line in lines]
        held = [total in row or need in row for total, need in zip(totals, needed, strict=True) for row in cells]
        assert held.count(True) >= len(set(totals))


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "resnet50", "epochs": 90, "buy": "rtx-4090", "jobs_per_month": 4},
        {"buy": "h100-80gb-sxm:8", "utilisation": 0.5},
    ],
)
def test_columns_of_a_comparison_stand_apart_at_every_width(asked):
    """Headings are two spaces apart, and each way to pay has a figure under each; the screen stays within the width."""
    found = planner.compare(**asked, as_of=DAY)
    unit = "a run" if found.workload is not None else "GPU-h"

    for width in WIDTHS:
        lines = rendered_comparison(found, "table", width=width).splitlines()
        place = next(number for number, line in enumerate(lines) if line.startswith(" USD  "))
        heading = re.split(r" {2,}", lines[place].strip())
        assert max(map(len, lines)) <= width
        assert [name for name in ("USD", "price", "a month", "36 mo", unit, "pays from") if name in heading] == heading
        assert {"a month", unit, "pays from"} <= set(heading)
        for line in lines[place + 1 : place + 5]:
            if not line.startswith(" and "):
                assert re.search(r" {2,}[\d.,]+[kM]?  .*(never|always|% use)$", line)
