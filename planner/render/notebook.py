"""Results as a notebook shows them: small tables in the notebook's own colours, everything escaped, no script.

A notebook stores a text beside the HTML, and a console of IPython shows it: the answer and the ranking. The prompt of
Python itself shows the answer alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

from planner.render.comparison import answer_lines as comparison_answer
from planner.render.comparison import comparison_tables, rendered_comparison
from planner.render.comparison import notes_text as comparison_notes
from planner.render.estimates import estimates_table, notes_text, rendered_estimates
from planner.render.listing import Column, shown
from planner.render.picks import answer_text, picks_table
from planner.render.recommendation import misses_table, rendered_recommendation
from planner.render.recommendation_screen import recommendation_lines
from planner.render.screen import answer_lines
from planner.results.comparison import Comparison
from planner.results.estimate import EstimateResult
from planner.results.recommendation import Recommendation, said
from planner.units import Row

MAX_ROWS = 25
"""Rows to show; the whole is a frame away."""

_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums"
_CELL = "padding:2px 8px;border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent);background:none"


def html_of(result: EstimateResult | Comparison | Recommendation) -> str:
    """The result as HTML for a notebook."""
    if isinstance(result, Comparison):
        return comparison_html(result)
    if isinstance(result, Recommendation):
        return recommendation_html(result)
    return estimates_html(result)


def estimates_html(result: EstimateResult) -> str:
    """The answer and what is proposed, then the ranking; assumptions, prices and what was left out folded below."""
    workload = result.workload
    title = f"{workload.model.name}, {workload.samples:,.0f} {workload.model.sample_unit}s, as of {result.as_of}"
    picks, ranking = picks_table(result), estimates_table(result)
    return _page(
        title,
        "".join(f"<p>{_text(sentence)}</p>" for sentence in answer_text(result)),
        _table(*picks) if picks[1] else "",
        "<p>The ranking of all rows:</p>",
        _table(*ranking),
        _folded("Assumptions, prices, left out, notes", notes_text(result)),
    )


def comparison_html(comparison: Comparison) -> str:
    """The verdict and the items side by side; folded below: what flips the verdict, the ranking, the assumptions."""
    items, *others = comparison_tables(comparison)
    return _page(
        comparison.verdict,
        _table(*items),
        _details("What flips the verdict, ranking, curve", "".join(_table(*table) for table in others)),
        _folded("Assumptions and notes", comparison_notes(comparison)),
    )


def recommendation_html(found: Recommendation) -> str:
    """The sentences, with what to mind after the answer, and the estimates; folded below: near misses and assumptions."""
    sentences = "".join(f"<p>{_text(sentence)}</p>" for sentence in said(found))
    columns, rows = estimates_table(found.result)
    misses = _details("Nearly", _table(*misses_table(found))) if found.near_misses else ""
    notes = _folded("Assumptions, prices, left out, notes", notes_text(found.result))
    return _page(found.result.workload.model.name, sentences, _table(columns, rows), misses, notes)


def plain_text(result: EstimateResult | Comparison | Recommendation) -> str:
    """The answer, and the ranking of the command line, of `MAX_ROWS` rows at most."""
    if isinstance(result, Comparison):
        return rendered_comparison(result, "table")
    if isinstance(result, Recommendation):
        return rendered_recommendation(result, "table", width=None)
    more = len(result.estimates) - MAX_ROWS
    shortened = replace(result, estimates=result.estimates[:MAX_ROWS])
    table = rendered_estimates(shortened, "table", width=None)
    return f"{first_lines(result)}\n\n{table}" + (f"{more:,} more rows\n" if more > 0 else "")


def first_lines(result: EstimateResult | Comparison | Recommendation) -> str:
    """The answer and the rows that it speaks of: what `repr` gives."""
    if isinstance(result, Comparison):
        return "\n".join(comparison_answer(result))
    if isinstance(result, Recommendation):
        return "\n".join(recommendation_lines(result))
    return "\n".join(answer_lines(result))


def _page(title: str, *parts: str) -> str:
    return f"<div><p><b>{_text(title)}</b></p>{''.join(parts)}</div>"


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    head = "".join(f'<th scope="col" style="{_style(column)}">{_text(column.heading)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_style(column)}">{_text(shown(column, row))}</td>' for column in columns)
        + "</tr>"
        for row in rows[:MAX_ROWS]
    )
    more = f"<p>{len(rows) - MAX_ROWS:,} more rows: to_frame() holds all.</p>" if len(rows) > MAX_ROWS else ""
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}'


def _style(column: Column) -> str:
    return f"{_CELL};text-align:{'right' if column.is_number else 'left'}{'' if column.may_fold else ';white-space:nowrap'}"


def _folded(title: str, lines: Iterable[str]) -> str:
    return _details(title, f'<pre style="white-space:pre-wrap;background:none">{_text(chr(10).join(lines))}</pre>')


def _details(title: str, content: str) -> str:
    return f"<details><summary>{_text(title)}</summary>{content}</details>"


def _text(text: str) -> str:
    # names come out of price books, which anybody may have written
    visible = "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    return escape(visible)
