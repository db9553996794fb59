"""The first screen of a recommendation: what to take and why, the next best rows, and what nearly won."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from planner.render.listing import shortened, visible
from planner.render.screen import LEAST, MOST_LINES, NARROW, work_text, wrapped
from planner.render.screen_table import row_entry, table_lines
from planner.results.answer import RENEW
from planner.results.money import Money
from planner.results.recommendation import NearMiss, Recommendation, warnings
from planner.results.words import gpus_text, provider_name, time_text

if TYPE_CHECKING:
    from planner.cost.currency import Currency

_LEAST_ROWS, _LEAST_MISSES = 2, 2
"""So many rows and near misses are shown however much there is to say."""
_INDENT = "  "


def recommendation_screen(
    found: Recommendation,
    *,
    width: int | None,
    currency: Currency | None = None,
    renew: str = RENEW,
    has_all_rows: bool = False,
) -> str:
    """The recommendation on one screen of 22 lines, none longer than the width.

    Args:
        found: what is recommended.
        width: columns of the terminal; `None` for a file or pipe, which get 80.
        currency: that of the tables; sentences stay in USD.
        renew: the command that brings newer prices.
        has_all_rows: whether every row is shown, however many lines that takes.
    """
    columns = NARROW if width is None else max(width, LEAST)
    lines = _lines(found, columns, Money.of(currency), renew, has_all_rows=has_all_rows)
    feet = ("Reasons, cloud or card, a picture: --verbose.  All figures: --format json", "Why, a picture: --verbose.")
    foot = next(text for text in feet if len(text) <= columns)
    return "".join(f"{visible(shortened(line, columns)).rstrip()}\n" for line in (*lines, foot))


def recommendation_lines(found: Recommendation) -> list[str]:
    """The recommendation without the foot, which speaks of options of the command."""
    return [shortened(line, NARROW).rstrip() for line in _lines(found, NARROW, Money(), RENEW)]


def _lines(found: Recommendation, columns: int, money: Money, renew: str, *, has_all_rows: bool = False) -> list[str]:
    top = [work_text(found.result, columns), "", *_said(found, columns, renew)]
    room = MOST_LINES - len(top) - 2  # the heading of the rows, and the foot
    rows = found.result.estimates
    if not has_all_rows:
        rows = rows[: max(_LEAST_ROWS, room - 1 - _LEAST_MISSES)]
    shown = [one.offer for one in rows]
    others = [miss for miss in found.near_misses if miss.estimate.offer not in shown]
    table = table_lines([row_entry(one, found.result, money, one.rank) for one in rows], money.code, columns)
    return [*top, *table, *_nearly(others, money, columns, max(_LEAST_MISSES, room - 1 - len(rows)))]


def _said(found: Recommendation, columns: int, renew: str) -> Iterator[str]:
    """The answer, and what to mind."""
    for sentence in (*found.answer, *warnings(found, renew=renew)):
        yield from wrapped(sentence, columns, _INDENT)


def _nearly(misses: Sequence[NearMiss], money: Money, columns: int, most_lines: int) -> Iterator[str]:
    """The rows that nearly won, each with what it lacks: as many as the lines hold, one at least."""
    if not misses:
        return
    yield "Nearly:"
    cells = [
        [
            gpus_text(miss.estimate.offer, miss.estimate.node_count),
            f"at {provider_name(miss.estimate.offer)}",
            time_text(miss.estimate.seconds),
            f"{money.text(miss.estimate.usd)} {money.code}:",
            miss.why,
        ]
        for miss in misses[:most_lines]
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(4)]
    for place, row in enumerate(cells):
        aligned = " ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
        full = f" {aligned} {row[4]}"
        lines = [full] if len(full) <= columns else wrapped(" ".join(row), columns, " ")
        most_lines -= len(lines)
        if place and most_lines < 0:
            return
        yield from (line if number == 0 else f"  {line}" for number, line in enumerate(lines))
