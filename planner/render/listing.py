"""A list of records as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from planner.model.frozen import dataclass
from planner.units import Row

LONGEST_CELL = 1000
"""Characters of a cell in a table; JSON and CSV hold all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the key of the record, its heading, how a value reads, and whether it may break over lines."""

    key: str
    heading: str
    text: Callable[[Any], str] = str
    is_number: bool = False
    may_fold: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Records and how to show them; `schema` and `name` make the JSON document."""

    schema: str
    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]


def rendered(listing: Listing, form: str, *, width: int | None) -> str:
    """The listing in one of `FORMATS`, ending in a line end; `width` is that of the terminal, `None` for a file or pipe."""
    data = as_data(form, lambda: {"schema": listing.schema, listing.name: list(listing.rows)}, lambda: listing.rows)
    if data is not None:
        return data
    if form == "markdown":
        return to_markdown(listing.columns, listing.rows)
    return to_table(listing.columns, listing.rows, width=width)


def as_data(form: str, document: Callable[[], Row], rows: Callable[[], Iterable[Row]]) -> str | None:
    """The text that programs read, of whole documents or of flat rows; `None` for a form that people read."""
    write = _FOR_PROGRAMS.get(form)
    return None if write is None else write(document, rows)


def to_json(document: Row) -> str:
    """The document as indented JSON; keys keep their order, NaN is refused."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    return (text if text.isascii() else re.sub(_INVISIBLE, _as_escape, text)) + "\n"


# what JSON leaves as it is and a terminal or an editor obeys: control characters above 7e, marks of direction
_INVISIBLE = "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"


def _as_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def to_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV with all keys of the first row; empty where a value is missing."""
    rows = list(rows)
    file = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def to_markdown(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| " + " | ".join(column.heading for column in columns) + " |",
        "|" + "|".join(" ---: " if column.is_number else " --- " for column in columns) + "|",
    ]
    for row in rows:
        cells = (markdown_text(shown(column, row)) for column in columns)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def markdown_text(text: str) -> str:
    """The text on one line, so that Markdown takes no part of it for HTML, a link, code or a cell of a table."""
    return one_line(text).translate(_MARKDOWN_SIGNS)


_MARKDOWN_SIGNS = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "\\[", "]": "\\]", "`": "\\`", "|": "\\|"}
)


def to_table(columns: Sequence[Column], rows: Iterable[Row], *, width: int | None) -> str:
    """The rows as a table: drawn for a terminal of `width` columns, or one plain line a row where there is none."""
    if width is None:
        return _plain_table(columns, list(rows))
    from rich import box  # noqa: PLC0415 - only terminals need it, and it takes a third of the time of an estimate
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    # the box parts columns with a blank; padding would double the time it takes to draw
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    for column in columns:
        table.add_column(
            column.heading,
            justify="right" if column.is_number else "left",
            overflow="fold",
            no_wrap=not column.may_fold,
        )
    for row in rows:
        table.add_row(*(Text(shown(column, row)) for column in columns))
    return drawn(table, width=width)


def _plain_table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    lines = [
        [column.heading for column in columns],
        *([shown(column, row).replace("\n", " ") for column in columns] for row in rows),
    ]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join(
        "  ".join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def spaced(
    rows: Sequence[Sequence[str]], *, right: Container[int], flexible: int, columns: int, droppable: Sequence[int] = ()
) -> list[str]:
    """The rows as lines of at most so many columns, two spaces between their cells; the first row is the heading.

    Args:
        rows: cells of text, as many in each row.
        right: places of the cells that stand at the right of their column.
        flexible: the place of the column that is cut where there is no room.
        columns: of the terminal.
        droppable: places of columns that go, in this order, while the flexible one would be cut below a few characters.
    """
    kept = list(range(len(rows[0])))
    widths = [max(len(row[place]) for row in rows) for place in kept]
    for gone in (*droppable, None):
        left = columns - spaced_width([widths[place] for place in kept]) + widths[flexible]
        if gone is None or left >= min(widths[flexible], _LEAST_FLEXIBLE):
            break
        kept.remove(gone)
    widths[flexible] = min(widths[flexible], max(left, 1))
    lines = []
    for row in rows:
        cells = (shortened(row[place], widths[place]) for place in kept)
        aligned = (
            cell.rjust(widths[place]) if place in right else cell.ljust(widths[place])
            for cell, place in zip(cells, kept, strict=True)
        )
        lines.append("  ".join(aligned).rstrip())
    return lines


def spaced_width(widths: Sequence[int]) -> int:
    """Characters of a line of columns that are so wide, two spaces apart."""
    return sum(size for size in widths) + 2 * (len(widths) - 1)


_LEAST_FLEXIBLE = 15


def drawn(renderable: Any, *, width: int) -> str:
    """What rich draws for a terminal `width` columns wide."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(file=io.StringIO(), width=width, force_terminal=True, highlight=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def shown(column: Column, row: Row) -> str:
    """The text of one cell; a missing value is a dash, control characters are made visible."""
    value = row.get(column.key)
    if value is None or value == "":
        return "-"
    return shortened(visible(column.text(value)), LONGEST_CELL)


def visible(text: str) -> str:
    """The text with control characters, and marks that turn the direction of writing, made visible; line ends stay."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def one_line(text: str, longest: int | None = None) -> str:
    """The text on one line, with what is not printed made visible, and cut if it is longer than `longest`."""
    line = visible(text).replace("\n", " ")
    return line if longest is None else shortened(line, longest)


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"


def number(digits: int) -> Callable[[float], str]:
    """Writes a number with so many decimals and thousands separators."""
    return lambda value: f"{value:,.{digits}f}"


def general(value: float) -> str:
    """A number as short as it is exact to six digits: 24, 62.5, 0.78."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def significant(value: float, count: int = 3) -> str:
    """Three significant digits, or so many, thousands separated, no exponent: 0.0206, 1.45, 20.2, 1,230."""
    if value == 0:
        return "0"
    digits = count - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(digits, 0)}f}"


def span_texts(usd: float, low: float, high: float) -> tuple[str, str]:
    """The ends of the range of an amount that is shown in cents: three digits, or as many more as it takes to hold it.

    >>> span_texts(79.23, 75.41, 84.48), span_texts(2089.0, 2089.0, 2089.0)
    (('75.4', '84.5'), ('2,089', '2,089'))
    """
    shown, cents = round(usd, 2), number(2)
    for count in range(3, 16):
        ends = significant(low, count), significant(high, count)
        if _value(ends[0]) <= shown <= _value(ends[1]):
            return ends
    return cents(low), cents(high)


def _value(text: str) -> float:
    return float(text.replace(",", ""))


_FOR_PROGRAMS: Mapping[str, Callable[[Callable[[], Row], Callable[[], Iterable[Row]]], str]] = {
    "json": lambda document, _: to_json(document()),
    "csv": lambda _, rows: to_csv(rows()),
}
FORMATS = ("table", *_FOR_PROGRAMS, "markdown")
"""Every form of a result; a form that programs read is a line above and holds for all results."""


def csv_cell(value: Any) -> Any:
    """A value as a cell of a CSV file: a spreadsheet shows it and does nothing else with it."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        return value
    mark = "'" if value.startswith(_FORMULA) else ""
    return mark + visible(value)


# a spreadsheet takes a text that begins like this for a formula and runs it; the wide ones where East Asian text is usual
_FORMULA = (
    "\t",
    "\r",
    "=",
    "+",
    "-",
    "@",
    "\n",
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
