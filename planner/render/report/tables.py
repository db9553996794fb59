"""Tables of a report: one that sorts and filters, plain ones, and the numbers of a chart as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planner.render.charts.parts import Row, name
from planner.render.listing import Column, Listing, number, shown
from planner.render.report.markup import Content, Markup, element


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column; `says` is its name for who cannot see it, where the text is only a sign."""

    text: str
    is_number: bool = False
    sorts: bool = True
    says: str | None = None


def sortable_table(
    key: str,
    caption: str,
    headings: Sequence[Heading],
    rows: Sequence[Sequence[Markup]],
    *,
    marked: Sequence[bool],
    hint: str,
    is_stacked: bool = False,
    is_dense: bool = False,
) -> Content:
    """A table that `web/table.js` sorts and filters, with its field for words; rows `marked` are set in bold.

    `hint` stands in the field while it is empty. Where `is_stacked`, a phone shows the cells of a row one below the other,
    and sorts no more.
    """
    body = [
        element("tr", list(cells), class_="front" if front else None) for cells, front in zip(rows, marked, strict=True)
    ]
    head = [
        _head(heading, element("button", heading.text, type="button", aria_label=heading.says)) for heading in headings
    ]
    form = element(
        "div",
        element("label", "Filter rows", for_=f"{key}-words"),
        element("input", type="search", id=f"{key}-words", placeholder=hint, autocomplete="off"),
        element("output", f"{len(rows)} rows", for_=f"{key}-words", class_="quiet"),
        class_="filter",
        data_filters=key,
        hidden=True,
    )
    kinds = f"sortable wide{' stacked' * is_stacked}{' dense' * is_dense}"
    return [form, _scrolling(caption, element("thead", element("tr", head)), body, class_=kinds, id=key)]


def plain_table(
    caption: str,
    headings: Sequence[Heading],
    rows: Iterable[Sequence[Markup]],
    *,
    totals: Iterable[int] = (),
    is_stacked: bool = False,
    is_dense: bool = False,
) -> Content:
    """A table that is only read; rows at the places `totals` are sums.

    Where `is_stacked`, a phone shows the cells of a row one below the other, each after its label.
    """
    sums = set(totals)
    body = [element("tr", list(cells), class_="total" if index in sums else None) for index, cells in enumerate(rows)]
    head = element("tr", [_head(heading, heading.text) for heading in headings])
    kinds = " ".join(["stacked"] * is_stacked + ["dense"] * is_dense)
    return _scrolling(caption, element("thead", head), body, class_=kinds or None)


MOST_LOOSE = 9
"""More columns than this stand closer together, so that a page of 1280 pixels shows them all."""


def listing_table(listing: Listing, caption: str) -> Content:
    """A listing as a table that is only read, and that a phone stacks; its first column of words names the row."""
    columns = listing.columns
    heading = next((column for column in columns if not column.is_number), None)
    headings = [Heading(column.heading, is_number=column.is_number) for column in columns]
    rows = [[_listed(column, row, is_heading=column is heading) for column in columns] for row in listing.rows]
    return plain_table(caption, headings, rows, is_stacked=True, is_dense=len(columns) > MOST_LOOSE)


def _listed(column: Column, row: Row, *, is_heading: bool) -> Markup:
    if column.is_number:
        return number_cell(shown(column, row), row[column.key], label=column.heading)
    return cell(shown(column, row), is_heading=is_heading, class_="name" if is_heading else None, label=column.heading)


def cell(*content: Content, class_: str | None = None, is_heading: bool = False, label: str | None = None) -> Markup:
    """A cell of words; the one that names its row is a heading. `label` stands before it where rows are stacked."""
    if is_heading:
        return element("th", *content, scope="row", class_=class_, data_label=label)
    return element("td", *content, class_=class_, data_label=label)


def number_cell(text: str, value: object, *below: Content, label: str | None = None) -> Markup:
    """A cell of a number, sorted by `value`; `label` as of other cells."""
    return element("td", text, *below, class_="number", data_sort=str(value), data_label=label)


Field = tuple[str, str, Callable[[Any], str] | None]
"""Key of a record, heading, and how a number reads; `None` for words."""


def numbers_of(summary: str, fields: Sequence[Field], rows: Iterable[Row]) -> Markup:
    """A closed table of a chart's numbers, which the reader can open."""
    headings = [Heading(heading, is_number=text is not None) for _, heading, text in fields]
    cells = [
        [
            cell("-" if row[key] is None else name(row[key]))
            if text is None
            else number_cell("-" if row[key] is None else text(row[key]), row[key])
            for key, _, text in fields
        ]
        for row in rows
    ]
    return element("details", element("summary", summary), plain_table(summary, headings, cells))


def history_numbers(history: Sequence[Row]) -> Markup:
    """The numbers of the chart of prices."""
    fields: tuple[Field, ...] = (
        ("day", "day", None),
        ("gpu", "GPU", None),
        ("provider", "provider", None),
        ("purchase", "purchase", None),
        ("low", "lowest", number(4)),
        ("median", "median", number(4)),
        ("high", "highest", number(4)),
        ("offers", "offers", number(0)),
        ("cheapest", "instance at the lowest", None),
    )
    return numbers_of("Prices in USD per GPU-hour", fields, history)


def _head(heading: Heading, inner: Content) -> Markup:
    content = inner if heading.sorts else heading.text
    return element("th", content, scope="col", class_="number" if heading.is_number else None)


def _scrolling(caption: str, head: Markup, body: Sequence[Markup], **attributes: str | None) -> Content:
    """A table in a place that scrolls sideways where it is too wide, reachable by the keyboard; its words stay."""
    says = caption.split(".", maxsplit=1)[0]
    table = element("table", head, element("tbody", body), aria_label=says, **attributes)
    return [
        element("p", caption, class_="caption"),
        element("div", table, class_="scroll", tabindex="0", role="region", aria_label=f"{says}, scrolls"),
    ]
