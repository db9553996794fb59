"""A recommendation as sentences with a table and a picture, JSON, CSV or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.render.estimates import ranking_text, what_is_rented
from planner.render.front import front_picture
from planner.render.listing import (
    Column,
    as_data,
    markdown_text,
    number,
    one_line,
    significant,
    to_markdown,
    to_table,
)
from planner.results.estimate import estimate_record
from planner.results.recommendation import Recommendation, document, said, warnings
from planner.units import Row, hours

if TYPE_CHECKING:
    from planner.cost.currency import Currency

PLAIN_WIDTH = 100
"""Columns of sentences and picture where there is no terminal to ask."""


def rendered_recommendation(
    found: Recommendation, form: str, *, width: int | None, currency: Currency | None = None
) -> str:
    """The recommendation in one of the formats of a listing.

    Args:
        found: what is recommended.
        form: its name.
        width: that of the terminal, `None` for a file or pipe.
        currency: shown instead of USD in the table of estimates, beside USD in JSON; sentences stay in USD.
    """
    data = as_data(
        form, lambda: document(found, currency), lambda: [_miss_row(row, "recommended") for row in _flat(found)]
    )
    if data is not None:
        return data
    table = ranking_text(found.result, form, width=width, currency=currency)
    if form == "markdown":
        answer = "\n".join(f"{markdown_text(sentence)}\n" for sentence in (*found.answer, *warnings(found)))
        why = "".join(f"- {markdown_text(sentence)}\n" for sentence in found.reasons)
        nearly = f"Nearly:\n\n{to_markdown(_MISSES, _misses(found))}\n" if found.near_misses else ""
        return f"{answer}\n{table}\n{nearly}{why}"
    columns = min(width or PLAIN_WIDTH, PLAIN_WIDTH)
    parts = ["\n".join(textwrap.fill(one_line(sentence), columns) for sentence in said(found)) + "\n", table]
    if found.near_misses:
        parts.append("Nearly:\n" + to_table(_MISSES, _misses(found), width=width))
    parts.append(front_picture(found.everything, width=min(columns, 80)))
    return "\n".join(parts)


def misses_table(found: Recommendation) -> tuple[Sequence[Column], list[Row]]:
    """Columns and rows of the near misses."""
    return _MISSES, _misses(found)


def _flat(found: Recommendation) -> list[Row]:
    rows = [{**_row(estimate_record(estimate)), "why": ""} for estimate in found.result.estimates]
    rows += [{**_row(estimate_record(miss.estimate)), "why": miss.why} for miss in found.near_misses]
    return rows


def _row(record: Row) -> Row:
    return {key: value for key, value in record.items() if not isinstance(value, (dict, list))}


def _miss_row(row: Row, verdict: str) -> Row:
    return {"verdict": "nearly" if row["why"] else verdict, **row}


def _misses(found: Recommendation) -> list[Row]:
    return [
        {
            "what": what_is_rented(miss.estimate),
            "place": f"{miss.estimate.offer.provider} {miss.estimate.offer.zone or miss.estimate.offer.region}",
            "purchase": str(miss.estimate.offer.purchase),
            "hours": hours(miss.estimate.seconds),
            "usd": miss.estimate.usd,
            "why": miss.why,
        }
        for miss in found.near_misses
    ]


_MISSES = (
    Column(key="what", heading="GPUs", may_fold=False),
    Column(key="place", heading="where"),
    Column(key="purchase", heading="purchase", may_fold=False),
    Column(key="hours", heading="hours", text=significant, is_number=True, may_fold=False),
    Column(key="usd", heading="USD", text=number(2), is_number=True, may_fold=False),
    Column(key="why", heading="why not"),
)
