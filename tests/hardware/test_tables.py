"""The reader of shipped tables: what a sound table gives, and how each kind of damage is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pytest

from planner.errors import DataError
from planner.hardware.tables import read_columns, read_groups, read_rows, read_table


class Colour(StrEnum):
    """An enumeration of this module."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One field of every kind."""

    name: str
    size: int | None
    weight: float
    is_new: bool
    day: date | None
    colour: Colour | None
    tags: tuple[str, ...]
    note: str | None

    def __post_init__(self) -> None:
        """Refuse what weighs nothing."""
        if self.weight <= 0:
            raise ValueError(f"weight must be above 0, not {self.weight!r}")


HEADING = "name,size,weight,is_new,day,colour,tags,note\n"
BALL = 'ball,3,1.5,yes,2026-11-25,red,round soft,"light, small"\n'
CUBE = "cube,,2,no,,,,\n"


def a_table(folder, text):
    """A file with that text."""
    path = folder / "things.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def by_name(thing):
    """The key of a thing."""
    return thing.name


def test_cells_are_read_by_the_types_of_the_fields(tmp_path):
    """Every kind of field, full and empty; an empty text is empty, an empty optional one is missing."""
    path = a_table(tmp_path, HEADING + BALL + CUBE)

    found = read_rows(path, Thing)

    assert [
        Thing(
            name="ball",
            size=3,
            weight=1.5,
            is_new=True,
            day=date(2026, 11, 25),
            colour=Colour.RED,
            tags=("round", "soft"),
            note="light, small",
        ),
        Thing(name="cube", size=None, weight=2.0, is_new=False, day=None, colour=None, tags=(), note=None),
    ] == found
    assert (int, float, Colour) == (type(found[0].size), type(found[1].weight), type(found[0].colour))


def test_columns_are_found_by_name(tmp_path):
    """The order of the columns in the file does not matter."""
    turned = ",".join(HEADING.strip().split(",")[::-1]) + "\n,,,,no,2,,cube\n"

    assert read_rows(a_table(tmp_path, HEADING + CUBE), Thing) == read_rows(a_table(tmp_path, turned), Thing)


def test_rows_are_keyed_in_the_order_of_the_file(tmp_path):
    """The key is worked out from the record; nothing is sorted."""
    found = read_table(a_table(tmp_path, HEADING + CUBE + BALL), Thing, by_name)

    assert [("cube", 2.0), ("ball", 1.5)] == [(name, thing.weight) for name, thing in found.items()]


def test_rows_that_share_a_key_stay_together(tmp_path):
    """A group holds its rows in the order of the file."""
    path = a_table(tmp_path, HEADING + BALL + CUBE + BALL.replace("1.5", "4"))

    found = read_groups(path, Thing, by_name)

    assert {"ball": (1.5, 4.0), "cube": (2.0,)} == {name: tuple(t.weight for t in rows) for name, rows in found.items()}


def test_only_lines_with_a_text_are_read(tmp_path):
    """What lies on other lines is not even parsed; the heading always is."""
    path = a_table(tmp_path, HEADING + "broken,beyond,repair\n" + CUBE)

    assert ["cube"] == [thing.name for thing in read_rows(path, Thing, holding="\ncube,")]
    assert [] == read_rows(path, Thing, holding="\ncone,")


def test_single_columns_are_read_as_text(tmp_path):
    """The columns asked for, in that order, whatever else is in the rows."""
    path = a_table(tmp_path, HEADING + BALL + CUBE.replace("2", "heavy"))

    assert [("1.5", "ball"), ("heavy", "cube")] == read_columns(path, "weight", "name")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param(
            HEADING + BALL + CUBE.replace("2", "heavy"), 3, "column weight: 'heavy' is not a number", id="text"
        ),
        pytest.param(HEADING + CUBE.replace("2", "nan"), 2, "column weight: 'nan' is not a number", id="nan"),
        pytest.param(HEADING + CUBE.replace("2", "1e999"), 2, "column weight: '1e999' is not a number", id="infinite"),
        pytest.param(HEADING + CUBE.replace("2", ""), 2, "column weight: '' is not a number", id="empty"),
        pytest.param(HEADING + CUBE.replace("2", "-2"), 2, "weight must be above 0, not -2.0", id="refused by record"),
        pytest.param(HEADING + BALL.replace(",3,", ",3.5,"), 2, "column size: '3.5' is not a whole number", id="half"),
        pytest.param(HEADING + BALL.replace("yes", "maybe"), 2, "column is_new: 'maybe' is not yes or no", id="bool"),
        pytest.param(HEADING + BALL.replace("-25", "-31"), 2, "column day: '2026-11-31' is not a day", id="day"),
        pytest.param(
            HEADING + BALL.replace("red", "green"), 2, "column colour: 'green' is not one of red, blue", id="enum"
        ),
        pytest.param(HEADING + BALL + BALL, 3, "'ball' is there twice", id="key twice"),
        pytest.param(HEADING + BALL + "cube,,2\n", 3, "3 cells under 8 columns", id="short row"),
        pytest.param(HEADING + BALL + CUBE.replace("\n", ",more\n"), 3, "9 cells under 8 columns", id="long row"),
        pytest.param(HEADING + BALL + "\n" + CUBE, 3, "0 cells under 8 columns", id="blank line"),
        pytest.param(HEADING + BALL.replace('small"', "small"), 2, "unexpected end of data", id="open quote"),
        pytest.param(HEADING.replace("weight,", "") + BALL, 1, "column 'weight' is missing", id="column missing"),
        pytest.param(HEADING.replace("\n", ",more\n"), 1, "column 'more' is not known", id="column unknown"),
        pytest.param(HEADING.replace("\n", ",size\n"), 1, "column 'size' is there twice", id="column twice"),
        pytest.param("", 1, "column 'name' is missing", id="empty file"),
    ],
)
def test_damage_is_named_with_file_line_and_column(text, line, what, tmp_path):
    """Nobody has to search for what is wrong, and nothing is read around it."""
    path = a_table(tmp_path, text)

    with pytest.raises(DataError) as caught:
        read_table(path, Thing, by_name)

    assert str(caught.value).startswith(f"{path}, line {line}: {what}")
    assert str(caught.value).endswith("Reinstall gpu-cost-planner.")


def test_the_line_is_that_of_the_file_where_few_are_read(tmp_path):
    """Lines that were passed over count."""
    path = a_table(tmp_path, HEADING + BALL + BALL + CUBE + CUBE.replace("2", "heavy"))

    with pytest.raises(DataError, match="line 5: column weight"):
        read_rows(path, Thing, holding="\ncube,")


@pytest.mark.parametrize(
    ("text", "what"),
    [(HEADING.replace("weight,", ""), "column 'weight' is missing"), (HEADING + "ball\n", "1 cells under 8 columns")],
)
def test_damage_is_found_where_only_columns_are_read(text, what, tmp_path):
    """A column that is asked for has to be there, and rows have to be whole."""
    with pytest.raises(DataError, match=what):
        read_columns(a_table(tmp_path, text), "name", "weight")


def test_a_file_that_is_no_text_is_an_error_of_data(tmp_path):
    """Bytes that are not UTF-8."""
    with pytest.raises(DataError, match=r"things\.csv cannot be read"):
        read_rows(a_table(tmp_path, HEADING.encode() + b"\xff\xfe"), Thing)


def test_a_missing_file_is_an_error_of_data(tmp_path):
    """The message names the file."""
    with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
        read_rows(tmp_path / "absent.csv", Thing)
