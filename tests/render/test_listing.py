"""Listings in four formats: same values, nothing lost, nothing executed."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.render.listing import (
    Column,
    Listing,
    general,
    rendered,
    significant,
    to_csv,
    to_json,
    to_markdown,
    to_table,
)

COLUMNS = (Column(key="name", heading="name"), Column(key="usd", heading="USD", text=significant, is_number=True))
ROWS = [{"name": "a", "usd": 1234.5}, {"name": "b|c", "usd": None}]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.020573, "0.0206"), (1.449, "1.45"), (20.243, "20.2"), (999.6, "1,000"), (12345.6, "12,300"), (0, "0")],
)
def test_three_digits_that_mean_something(value, text):
    """Small and large figures read alike."""
    assert text == significant(value)


@pytest.mark.parametrize(("value", "text"), [(24.0, "24"), (0.78, "0.78"), (1536.0, "1,536"), (2.5e9, "2,500,000,000")])
def test_general_figures_have_no_exponent(value, text):
    """Specifications read as data sheets print them."""
    assert text == general(value)


def test_a_missing_value_is_a_dash_in_tables_and_empty_in_csv():
    """Never 0."""
    assert "-" == to_table(COLUMNS, ROWS, width=None).splitlines()[2].split()[-1]
    assert ["", "1234.5"] == sorted(row["usd"] for row in csv.DictReader(io.StringIO(to_csv(ROWS))))


def test_markdown_escapes_the_bar():
    """A cell cannot open a new column."""
    assert "| b\\|c | - |" == to_markdown(COLUMNS, ROWS).splitlines()[3]


def test_json_refuses_what_is_no_number():
    """NaN is not JSON; it is a bug that must not leave the house."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"usd": float("nan")})


def test_json_names_its_schema():
    """A listing is a document with a version."""
    document = json.loads(rendered(Listing(schema="s/1", name="rows", columns=COLUMNS, rows=ROWS), "json", width=None))

    assert {"schema": "s/1", "rows": ROWS} == document


@pytest.mark.parametrize("width", [None, 80])
@given(name=st.text(max_size=30))
def test_tables_show_no_control_codes(width, name):
    """Whatever a price book calls an instance, the terminal is not steered by it."""
    text = to_table(COLUMNS[:1], [{"name": name}], width=width)

    body = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert all(char.isprintable() or char == "\n" for char in body)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\n=1", "\uff1d1"])
def test_csv_cells_are_not_formulas(name):
    """A spreadsheet shows the text and runs nothing."""
    assert "'" + name == next(csv.DictReader(io.StringIO(to_csv([{"name": name}]))))["name"]
